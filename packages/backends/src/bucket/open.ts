import type { Readable } from 'node:stream'
import { retryAfterOf, s3CodeOf, s3Failure } from '@sluice/transfer'
import { Agent, type Dispatcher, request } from 'undici'
import type { ByteRange, OpenedObject } from '../port/storage-backend.ts'
import { throwIfAborted } from '../port/content.ts'
import type { Trust } from '../trust/endpoint-trust.ts'
import { BackendError } from '../port/errors.ts'
import { expectBytes } from '../directory/files.ts'
import { checkRange, pastEnd } from '../port/range.ts'
import { streamOf } from '../port/stream.ts'
import { transferFailure } from './failures.ts'

/** A GET that was signed for us. */
interface PresignedGet {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Opens an object by a presigned GET, straight from the store. Null = no such key. @throws BackendError */
export type OpenPresigned = (
  key: string,
  signed: PresignedGet,
  range?: ByteRange,
  signal?: AbortSignal,
) => Promise<OpenedObject | null>

/** The error document of a store is read up to here. */
const MOST_ERROR_BYTES = 16_384

export function createOpenPresigned(trust: Trust, stallMs: number): OpenPresigned {
  const limits = { headersTimeout: stallMs, bodyTimeout: stallMs }
  const dispatcher = new Agent({ ...limits, connect: { lookup: trust.lookup, timeout: 10_000 } })

  return async (key, signed, range, signal) => {
    if (range !== undefined) checkRange(key, range)
    throwIfAborted(signal)
    const what = `read ${key}`
    const leaving = new AbortController()
    try {
      const url = trust.check(signed.url)
      // `request`, unlike `fetch`, gives the bytes as they are stored, and follows no redirect.
      const reply = await request(url, {
        dispatcher,
        headers: { ...signed.headers, ...(range && { range: `bytes=${range.start}-${range.end}` }) },
        signal: signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal]),
      })
      if (reply.statusCode !== 200 && reply.statusCode !== 206) return await refused(what, key, reply, range)
      const { bytes, expected } = extent(reply, key, range)
      const chunks = expectBytes(key, expected, bodyOf(reply.body, what, signal))
      return { key, bytes, body: streamOf(chunks, () => leaving.abort()) }
    } catch (error) {
      leaving.abort()
      throwIfAborted(signal)
      throw transferFailure(what, error)
    }
  }
}

/** Null for an absent key. @throws TransferError, BackendError */
async function refused(what: string, key: string, reply: Dispatcher.ResponseData, range?: ByteRange): Promise<null> {
  const { statusCode: status } = reply
  let text = ''
  for await (const chunk of reply.body) {
    text += String(chunk)
    if (text.length > MOST_ERROR_BYTES) break
  }
  const code = s3CodeOf(text)
  if (status === 404 && (code === 'NoSuchKey' || code === null)) return null
  if (status === 416 && range !== undefined) throw pastEnd(key, range, null)
  const retryAfter = reply.headers['retry-after']
  const retryAfterMs = retryAfterOf(typeof retryAfter === 'string' ? retryAfter : undefined, Date.now())
  throw s3Failure(what, status, code, { retryAfterMs })
}

/** Size of the object and number of bytes to come. @throws BackendError PROTOCOL */
function extent(reply: Dispatcher.ResponseData, key: string, range?: ByteRange): { bytes: number; expected: number } {
  const length = String(reply.headers['content-length'] ?? '')
  if (!/^\d+$/.test(length)) throw unexpected(key, 'no size came')
  if (range === undefined) return { bytes: Number(length), expected: Number(length) }
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(String(reply.headers['content-range'] ?? '')) ?? []
  if (reply.statusCode !== 206 || start === undefined) throw unexpected(key, 'the range was ignored')
  const bytes = Number(size)
  const last = Math.min(range.end, bytes - 1)
  const expected = last - range.start + 1
  if (Number(start) !== range.start || Number(end) !== last || Number(length) !== expected) {
    throw unexpected(key, 'another range came')
  }
  return { bytes, expected }
}

async function* bodyOf(body: Readable, what: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) yield chunk
  } catch (error) {
    throwIfAborted(signal)
    throw transferFailure(what, error)
  } finally {
    body.destroy()
  }
}

function unexpected(key: string, problem: string): BackendError {
  return new BackendError('PROTOCOL', `The store answered a read of ${key} wrongly: ${problem}. Check the endpoint.`, {
    retryable: true,
  })
}
