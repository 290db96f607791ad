import { Decompress } from 'fzstd'
import { TransferError } from '../errors.ts'

/** Undoes a content encoding while bytes pass. A chunk may be used again once the next one is asked for. */
export type Decoder = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

/** Four bytes of Zstandard can mean 128 KiB, so it is fed in small pieces. */
const ZSTD_SLICE = 16 * 1024

/** Null for no encoding and for those that are not known here. `aws-chunked` is left behind by some stores. */
export function decoderOf(contentEncoding: string | null): Decoder | null {
  const names = (contentEncoding ?? '').toLowerCase().split(',')
  const [name, ...more] = names.map((part) => part.trim()).filter((part) => part !== '' && part !== 'aws-chunked')
  if (more.length > 0) return null
  if (name === 'gzip') return (chunks) => gunzip(chunks)
  return name === 'zstd' ? (chunks) => unzstd(chunks) : null
}

async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let ready: Uint8Array[] = []
  const stream = new Decompress((data) => void ready.push(data))
  const push = (piece: Uint8Array, isLast: boolean): readonly Uint8Array[] => {
    ready = []
    try {
      stream.push(piece, isLast)
    } catch (cause) {
      throw undecodable(cause)
    }
    return ready
  }
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += ZSTD_SLICE) {
      // A copy: the decoder keeps what it could not use yet.
      yield* push(chunk.slice(at, at + ZSTD_SLICE), false)
    }
  }
  yield* push(new Uint8Array(), true)
}

async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const stream = new DecompressionStream('gzip')
  const writer = stream.writable.getWriter()
  const reader = stream.readable.getReader()
  /** What went wrong before the decoder, which is the reason to report. */
  let failure: unknown = null
  const feed = async (): Promise<void> => {
    for await (const chunk of watched(chunks, (error) => (failure = error))) await writer.write(chunk.slice())
    await writer.close()
  }
  const feeding = feed().catch((error: unknown) => writer.abort(error).catch(() => undefined))
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value as Uint8Array
    }
  } catch (cause) {
    throw failure ?? undecodable(cause)
  } finally {
    await reader.cancel().catch(() => undefined)
    await feeding
  }
}

async function* watched<T>(items: AsyncIterable<T>, onError: (error: unknown) => void): AsyncGenerator<T, void> {
  try {
    yield* items
  } catch (error) {
    onError(error)
    throw error
  }
}

function undecodable(cause: unknown): TransferError {
  const text = 'What came cannot be decompressed as its content encoding says. Ask for it without decoding.'
  return new TransferError('CORRUPT', text, { retryable: false, cause })
}
