import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { statusOf } from '@sluice/transfer/node'
import type { ByteRange, OpenedObject } from './port/storage-backend.ts'
import { BackendError } from './port/errors.ts'
import { expectBytes } from './directory/files.ts'
import { checkRange, pastEnd } from './port/range.ts'
import { guarded } from './s3-guarded.ts'
import type { S3Target } from './s3-upload.ts'
import { streamOf } from './port/stream.ts'

/** GetObject with an optional range; checks that the store sends what was asked. Null = no such key. */
export async function openObject(
  target: S3Target,
  fullKey: string,
  key: string,
  range?: ByteRange,
  signal?: AbortSignal,
): Promise<OpenedObject | null> {
  if (range !== undefined) checkRange(key, range)
  const what = `read ${target.describe(fullKey)}`
  // Leaving the stream early must close the connection; the request's own signal ends with its headers.
  const leaving = new AbortController()
  const combined = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal])
  const reply = await guarded(what, target.stallMs, signal, async (cut) => {
    const abort = (): void => leaving.abort()
    cut.addEventListener('abort', abort, { once: true })
    try {
      const input = {
        Bucket: target.bucket,
        Key: fullKey,
        ...(range && { Range: `bytes=${range.start}-${range.end}` }),
      }
      return await target.client.send(new GetObjectCommand(input), { abortSignal: combined })
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchKey') return null
      if (range !== undefined && statusOf(error) === 416) throw pastEnd(key, range, null)
      throw error
    } finally {
      cut.removeEventListener('abort', abort)
    }
  })
  if (reply === null) return null
  try {
    const { bytes, expected } = extent(reply, key, range)
    const chunks = expectBytes(key, expected, bodyOf(reply, what, target.stallMs, signal))
    return { key, bytes, body: streamOf(chunks, () => leaving.abort()) }
  } catch (error) {
    leaving.abort()
    throw error
  }
}

/** Size of the object and number of bytes to come, from the headers. @throws BackendError PROTOCOL */
function extent(reply: GetObjectCommandOutput, key: string, range?: ByteRange): { bytes: number; expected: number } {
  const length = reply.ContentLength
  if (length === undefined) throw unexpected(key, 'no Content-Length came')
  if (range === undefined) return { bytes: length, expected: length }
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(reply.ContentRange ?? '') ?? []
  if (start === undefined) throw unexpected(key, 'the range was ignored')
  const bytes = Number(size)
  const last = Math.min(range.end, bytes - 1)
  if (Number(start) !== range.start || Number(end) !== last || length !== last - range.start + 1) {
    throw unexpected(key, `another range came (${reply.ContentRange})`)
  }
  return { bytes, expected: length }
}

/** The body, each chunk within the stall time. Time in which nobody reads does not count. */
async function* bodyOf(
  reply: GetObjectCommandOutput,
  what: string,
  stallMs: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const body = reply.Body as AsyncIterable<Uint8Array> & {
    destroy(error?: Error): void
    once(name: 'error', f: () => void): void
  }
  body.once('error', () => undefined) // the iterator reports it; without a listener a late one would be thrown
  const iterator = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const step = await guarded(what, stallMs, signal, async (cut) => {
        const stop = (): void => body.destroy(new Error('cut'))
        cut.addEventListener('abort', stop, { once: true })
        try {
          return await iterator.next()
        } finally {
          cut.removeEventListener('abort', stop)
        }
      })
      if (step.done === true) return
      yield step.value
    }
  } finally {
    body.destroy()
  }
}

function unexpected(key: string, problem: string): BackendError {
  return new BackendError('PROTOCOL', `The store answered a read of ${key} wrongly: ${problem}. Check the endpoint.`, {
    retryable: true,
  })
}
