import { createHash } from 'node:crypto'
import { S3Error } from '../http/error.ts'
import { EMPTY_SHA256, hmac, scopeText, sha256Hex, type Scope } from './signature.ts'

/** Seed of the signature chain over the chunks of one body. */
export interface ChunkSigner {
  readonly signingKey: Uint8Array
  readonly scope: Scope
  readonly date: string
  /** The signature of the request itself. */
  readonly seed: string
}

const LINE_LIMIT = 16 * 1024

/**
 * Decodes `aws-chunked` as it streams; trailers land in `trailers` (lower-case names) before the generator ends.
 * With a signer every chunk and the trailer block must carry the next signature of the chain.
 * Source: AWS S3 API reference, "Transferring payload in multiple chunks" and "... with trailers".
 * @throws S3Error `SignatureDoesNotMatch`, `IncompleteBody`, `InvalidRequest`
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  options: { readonly signer: ChunkSigner | null; readonly trailer: boolean; readonly trailers: Map<string, string> },
): AsyncGenerator<Buffer> {
  const reader = createReader(source)
  const { signer } = options
  let previous = signer?.seed ?? ''
  for (;;) {
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(await reader.line())
    if (match === null) throw new S3Error('IncompleteBody', 'The chunk header of the aws-chunked body is malformed.')
    const size = Number.parseInt(match[1] ?? '', 16)
    const hash = createHash('sha256')
    for (let left = size; left > 0;) {
      const piece = await reader.take(left)
      left -= piece.length
      if (signer !== null) hash.update(piece)
      yield piece
    }
    if (signer !== null) {
      const text = chunkStringToSign(signer, previous, hash.digest('hex'))
      previous = verify(signer, text, match[2])
    }
    if (size === 0) break
    if ((await reader.line()) !== '') throw new S3Error('IncompleteBody', 'A chunk is longer than announced.')
  }
  await readTrailers(reader, options, previous)
}

async function readTrailers(
  reader: LineReader,
  options: { readonly signer: ChunkSigner | null; readonly trailer: boolean; readonly trailers: Map<string, string> },
  previous: string,
): Promise<void> {
  let signed = ''
  let signature: string | undefined
  for (let line = await reader.lastLine(); line !== ''; line = await reader.lastLine()) {
    const colon = line.indexOf(':')
    if (colon < 1) throw new S3Error('IncompleteBody', 'A trailer of the aws-chunked body is malformed.')
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name === 'x-amz-trailer-signature') {
      signature = value
      continue
    }
    signed += `${name}:${value}\n`
    options.trailers.set(name, value)
  }
  const { signer } = options
  if (signer === null || !options.trailer) return
  const lines = ['AWS4-HMAC-SHA256-TRAILER', signer.date, scopeText(signer.scope), previous, sha256Hex(signed)]
  verify(signer, lines.join('\n'), signature)
}

function chunkStringToSign(signer: ChunkSigner, previous: string, hash: string): string {
  const { date, scope } = signer
  return ['AWS4-HMAC-SHA256-PAYLOAD', date, scopeText(scope), previous, EMPTY_SHA256, hash].join('\n')
}

function verify(signer: ChunkSigner, text: string, given: string | undefined): string {
  const expected = hmac(signer.signingKey, text).toString('hex')
  if (given !== expected) throw new S3Error('SignatureDoesNotMatch', 'The signature of a chunk does not match.')
  return expected
}

interface LineReader {
  /** One line without CRLF; the end of the body is an error. */
  line(): Promise<string>
  /** As `line`, but the end of the body counts as the empty line: many clients leave the last CRLF out. */
  lastLine(): Promise<string>
  /** Between 1 and `max` bytes. */
  take(max: number): Promise<Buffer>
}

function createReader(source: AsyncIterable<Buffer>): LineReader {
  const iterator = source[Symbol.asyncIterator]()
  let buffer: Buffer = Buffer.alloc(0)
  const more = async (): Promise<boolean> => {
    const next = await iterator.next()
    if (next.done === true) return false
    buffer = buffer.length === 0 ? next.value : Buffer.concat([buffer, next.value])
    return true
  }
  const readLine = async (): Promise<string | null> => {
    for (;;) {
      const end = buffer.indexOf('\r\n')
      if (end !== -1) {
        const line = buffer.toString('latin1', 0, end)
        buffer = buffer.subarray(end + 2)
        return line
      }
      if (buffer.length > LINE_LIMIT) throw new S3Error('InvalidRequest', 'A line of the aws-chunked body is too long.')
      if (!(await more())) return null
    }
  }
  const line = async (): Promise<string> => {
    const text = await readLine()
    if (text === null) throw incomplete()
    return text
  }
  return {
    line,
    lastLine: async () => {
      const text = await readLine()
      if (text === null && buffer.length > 0) throw incomplete()
      return text ?? ''
    },
    take: async (max) => {
      while (buffer.length === 0) if (!(await more())) throw incomplete()
      const piece = buffer.subarray(0, max)
      buffer = buffer.subarray(piece.length)
      return piece
    },
  }
}

function incomplete(): S3Error {
  return new S3Error('IncompleteBody', 'The aws-chunked body ended before its last chunk.')
}
