import { withDeadline } from './ask.ts'
import { TransferError } from './errors.ts'
import type { SlicedBody } from './send.ts'
import type { OpenSource } from './source.ts'

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
  return {
    length: part.length,
    read: async (at, into, signal) => {
      try {
        await withDeadline(`read ${source}`, stallMs, signal, async (call) => {
          await readAt(part.start + at, into, call.signal)
        })
      } catch (cause) {
        const isSlow = TransferError.is(cause) && cause.code === 'TOO_SLOW'
        if (TransferError.is(cause) && !isSlow) throw cause
        const why = isSlow ? `gave nothing for ${stallMs / 1000} s` : 'failed while it was read'
        const text = `${source} ${why}. Check the disk or the mount, and send it again.`
        throw new TransferError('SOURCE_UNREADABLE', text, { retryable: false, cause })
      }
    },
  }
}
