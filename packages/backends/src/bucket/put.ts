import { fromBytes, TransferError } from '@sluice/transfer'
import { fromPath, type NodeTransfer } from '@sluice/transfer/node'
import type { PutObject } from '../port/storage-backend.ts'
import { BackendError } from '../port/errors.ts'
import { transferFailure } from './failures.ts'

/** Stores one object; true when the store vouched for every byte. @throws BackendError */
export type TransferPut = (object: PutObject, signal?: AbortSignal) => Promise<boolean>

export interface TransferPutOptions {
  /** Whether the transfers have a journal, whose stale uploads are to be given up. */
  readonly journalFile?: string | undefined
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined
}

/** An upload in parts that nobody went on with for so long is given up. */
const STALE_MS = 3 * 24 * 3_600_000

/** Objects through the transfer engine: in one piece or in parallel parts, each checked by the store, resumed with a journal. */
export function createTransferPut(open: () => NodeTransfer, options: TransferPutOptions): TransferPut {
  let transfer: NodeTransfer | null = null
  let users = 0
  let sweptAt = -Infinity

  /** The journal is open only while something is sent: a backend has no end of its own. */
  async function using<T>(work: (transfer: NodeTransfer) => Promise<T>): Promise<T> {
    users++
    try {
      const result = await work((transfer ??= open()))
      const now = (options.now ?? Date.now)()
      if (options.journalFile !== undefined && now - sweptAt > STALE_MS) {
        sweptAt = now
        await giveUpStale(transfer, now - STALE_MS)
      }
      return result
    } finally {
      if (--users === 0) {
        transfer?.close()
        transfer = null
      }
    }
  }

  return async ({ key, bytes, sha256, source }, signal) => {
    try {
      const opened = 'path' in source ? fromPath(source.path) : fromBytes(source.data)
      const result = await using((transfer) => transfer.upload(opened, { key, sha256, signal }))
      if (result.bytes === bytes) return result.proof !== 'size'
      const text = `The content of ${key} has ${result.bytes} bytes instead of ${bytes}. Export it again.`
      throw new BackendError('SOURCE_CHANGED', text, { retryable: false })
    } catch (error) {
      throw TransferError.is(error) ? transferFailure(`put ${key}`, error) : error
    }
  }
}

/** What our journal knows and nobody went on with, such as files that were replaced before they were sent. */
async function giveUpStale(transfer: NodeTransfer, before: number): Promise<void> {
  try {
    for (const upload of await transfer.list()) {
      if (upload.source !== null && upload.initiatedAt < before) await transfer.abort(upload, { ifIdle: true })
    }
  } catch {
    // Tidying up: the next process tries again, and it must not make a failure of a success.
  }
}
