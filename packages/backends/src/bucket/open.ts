import { openObject, type Send, type SignedRequest } from '@sluice/transfer'
import type { ByteRange, OpenedObject } from '../port/storage-backend.ts'
import { checkRange, pastEnd } from '../port/range.ts'
import { streamOf } from '../port/stream.ts'
import { transferFailure } from './failures.ts'

/** Opens an object by a signed GET, straight from the store. Null = no such key. @throws TransferError; BackendError `RANGE` */
export type OpenSigned = (
  key: string,
  signed: Pick<SignedRequest, 'url' | 'headers'>,
  range?: ByteRange,
  signal?: AbortSignal,
) => Promise<OpenedObject | null>

/** @param stallMs a connection on which nothing moves for so long is cut */
export function createOpenSigned(send: Send, stallMs: number): OpenSigned {
  return async (key, signed, range, signal) => {
    if (range !== undefined) checkRange(key, range)
    const opened = await openObject(send, signed, { key, range, stallMs, signal })
    if (opened === 'absent') return null
    if (opened === 'past-end') throw pastEnd(key, range ?? { start: 0, end: 0 }, null)
    const { bytes, body } = opened
    return { key, bytes, body: streamOf(told(key, body), () => body.cancel()) }
  }
}

/** The same bytes; a failure on the way is one of ours. */
async function* told(key: string, body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of body) yield chunk
  } catch (error) {
    throw transferFailure(`read ${key}`, error)
  }
}
