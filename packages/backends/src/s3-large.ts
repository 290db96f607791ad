import { fromBytes, TransferError, type TransferErrorCode } from '@sluice/transfer'
import { fromPath, type NodeTransfer } from '@sluice/transfer/node'
import type { PutObject } from './backend.ts'
import { BackendError, type BackendErrorCode } from './errors.ts'
import { createS3Transfer, type S3TransferOptions } from './s3-transfer.ts'

/** Stores one object in parts; true when the store vouched for every byte. @throws BackendError */
export type PutLarge = (object: PutObject, signal?: AbortSignal) => Promise<boolean>

/** An upload in parts that nobody went on with for so long is given up. */
const STALE_MS = 3 * 24 * 3_600_000

/** What the failures of a transfer are called here. */
const codes: Readonly<Record<TransferErrorCode, BackendErrorCode>> = {
  BAD_OPTION: 'PROTOCOL',
  TOO_LARGE: 'PROTOCOL',
  SOURCE_UNREADABLE: 'SOURCE_UNREADABLE',
  SOURCE_CHANGED: 'SOURCE_CHANGED',
  SOURCE_MISMATCH: 'SOURCE_CHANGED',
  TARGET_UNWRITABLE: 'NO_SPACE',
  UNAUTHORIZED: 'UNAUTHORIZED',
  FORBIDDEN: 'FORBIDDEN',
  EXPIRED: 'UNAUTHORIZED',
  CLOCK_SKEW: 'CLOCK_SKEW',
  NOT_FOUND: 'NOT_FOUND',
  NO_SUCH_KEY: 'NOT_FOUND',
  NO_SUCH_UPLOAD: 'CONFLICT',
  INVALID_PART: 'CONFLICT',
  TOO_SLOW: 'UNAVAILABLE',
  THROTTLED: 'THROTTLED',
  UNAVAILABLE: 'UNAVAILABLE',
  NO_SPACE: 'NO_SPACE',
  CONFLICT: 'CONFLICT',
  CORRUPT: 'CORRUPT',
  PROTOCOL: 'PROTOCOL',
  JOURNAL: 'UNAVAILABLE',
  ABORTED: 'ABORTED',
}

/** Large objects through the transfer engine: parallel parts, each checked by the store, resumed with a journal. */
export function createPutLarge(options: S3TransferOptions): PutLarge {
  let transfer: NodeTransfer | null = null
  let users = 0
  let sweptAt = -Infinity

  /** The journal is open only while something is sent: a backend has no end of its own. */
  async function using<T>(work: (transfer: NodeTransfer) => Promise<T>): Promise<T> {
    users++
    try {
      const result = await work((transfer ??= createS3Transfer(options)))
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
      throw TransferError.is(error) ? translated(error) : error
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

function translated(error: TransferError): BackendError {
  const { code, retryable, retryAfterMs, message } = error
  // Waiting cures these two; the engine itself gives them up, since it cannot.
  const mayPass = code === 'CLOCK_SKEW' || code === 'NO_SUCH_UPLOAD'
  return new BackendError(codes[code], message, {
    retryable: retryable || mayPass,
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}
