import { TransferError, type TransferEvent } from '@sluice/transfer'
import { fromPath } from '@sluice/transfer/node'
import { messageOf } from '../errors.ts'
import type { PlannedFile } from './find-files.ts'
import type { PutFlags } from './file-flags.ts'
import type { TransferPlace } from './open-bucket.ts'
import { duration, size } from './progress-text.ts'
import type { TransferView } from './progress-view.ts'

/** What became of one file of `put`. */
export interface PutOutcome {
  readonly type: 'result'
  readonly path: string
  readonly key: string
  readonly bytes: number
  readonly sha256: string | null
  readonly etag: string | null
  /** Parts that were there from an earlier run. */
  readonly partsKept: number
  /** Null when it is stored and verified. */
  readonly error: { readonly code: string; readonly message: string; readonly resumable: boolean } | null
}

/** Large files use the whole line each; many small ones wait for replies, so that several go at once. */
const REQUESTS_AT_ONCE = 16
/** More files than requests: while replies are waited for, the next files are read and signed. */
const FILES_AT_ONCE = 24
const SMALL_BYTES = 8 * 1024 * 1024

const isSmall = ({ bytes }: PlannedFile): boolean => bytes <= SMALL_BYTES

/** As many requests as small files go at once; undefined where the engine's default does, as on a limited line. */
export function requestsAtOnce(
  files: readonly PlannedFile[],
  { bandwidth }: Pick<PutFlags, 'bandwidth'>,
): number | undefined {
  const small = files.filter(isSmall).length
  return small <= 4 || bandwidth !== undefined ? undefined : Math.min(small, REQUESTS_AT_ONCE)
}

/** Stores every file; a failure of one does not stop the others. Never throws. */
export async function putFiles(
  { transfer, where }: TransferPlace,
  files: readonly PlannedFile[],
  flags: PutFlags,
  view: TransferView,
  signal: AbortSignal | undefined,
): Promise<readonly PutOutcome[]> {
  const outcomes: PutOutcome[] = []
  const one = async (file: PlannedFile): Promise<void> => {
    const { path, key, bytes } = file
    try {
      const { compress, contentType } = flags
      const metadata = flags.metadata.length === 0 ? undefined : Object.fromEntries(flags.metadata)
      const onEvent = (event: TransferEvent): void => view.event(event)
      const request = { key, compress, contentType, metadata, signal, onEvent }
      const result = await transfer.upload(fromPath(path), request)
      const { sha256, etag, seconds, storedBytes, partsKept } = result
      const rate = seconds > 0 ? `, ${size(Math.round(storedBytes / seconds))}/s` : ''
      view.finished(key, `${path} is stored as ${where}${key}: ${size(bytes)} in ${duration(seconds)}${rate}`)
      outcomes.push({ type: 'result', path, key, bytes, sha256, etag, partsKept, error: null })
    } catch (error) {
      const resumable = TransferError.is(error) && error.resumable
      const code = TransferError.is(error) ? error.code : 'UNKNOWN'
      const message = messageOf(error)
      if (code !== 'ABORTED') view.finished(key, `${path} is not stored: ${message}`)
      const nothing = { sha256: null, etag: null, partsKept: 0 }
      outcomes.push({ type: 'result', path, key, bytes, ...nothing, error: { code, message, resumable } })
    }
  }
  const inTurn = async (queue: Iterator<PlannedFile>): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      if (signal?.aborted === true) return
      await one(next.value)
    }
  }
  const small = files.filter(isSmall).values()
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, () => inTurn(small)))
  await inTurn(files.filter((file) => !isSmall(file)).values())
  return outcomes
}
