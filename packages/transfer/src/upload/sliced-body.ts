import { TransferError } from '../errors.ts'
import type { SlicedBody } from '../sessions/send.ts'
import type { OpenSource } from '../source/source.ts'
import { untilAborted } from '../pace/sleep.ts'

/**
 * A part of a source, read while it is sent. A source that gives nothing for so long ends the upload, which can be
 * resumed: it would keep requests from other sources.
 * @param source its name, for messages
 */
export function createSlicedBody(
  source: string,
  readAt: NonNullable<OpenSource['readAt']>,
  part: { readonly start: number; readonly length: number },
  stallMs: number,
): SlicedBody {
  const unreadable = (why: string, cause?: unknown): TransferError => {
    const text = `${source} ${why}. Check the disk or the mount, and send it again.`
    return new TransferError('SOURCE_UNREADABLE', text, { retryable: false, cause })
  }
  return {
    length: part.length,
    // A read that hangs cannot be stopped; it has a buffer of its own, and nobody waits for it any more.
    read: (at, into, signal) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(unreadable(`gave nothing for ${stallMs / 1000} s`)), stallMs)
        const failed = (cause: unknown): void =>
          reject(TransferError.is(cause) ? cause : unreadable('failed while it was read', cause))
        const work = async (): Promise<void> => await readAt(part.start + at, into, signal)
        void untilAborted(work(), signal)
          .then(resolve, failed)
          .finally(() => clearTimeout(timer))
      }),
  }
}
