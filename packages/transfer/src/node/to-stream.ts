import type { Writable } from 'node:stream'
import { type DownloadTarget, toWriter } from '../download/target.ts'
import { TransferError } from '../errors.ts'

/**
 * A download into a Node stream, in order, in bounded memory; the stream is not ended. Bytes arrive before they are
 * verified: when `download` is rejected, what the stream got must not be used.
 */
export function toStream(stream: Writable, name = 'stream'): DownloadTarget {
  let broken: Error | null = null
  stream.on('error', (error) => (broken = error))
  return toWriter(
    name,
    (chunk) =>
      new Promise<void>((resolve, reject) => {
        const gone = (cause: unknown): void => {
          reject(
            new TransferError('TARGET_UNWRITABLE', `The ${name} takes no more bytes.`, { retryable: false, cause }),
          )
        }
        if (broken !== null || stream.destroyed) return gone(broken)
        const closed = (): void => gone(broken)
        stream.once('close', closed)
        stream.write(chunk, (error) => {
          stream.off('close', closed)
          if (error == null) resolve()
          else gone(error)
        })
      }),
  )
}
