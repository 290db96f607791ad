import { createHash, randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PayloadBinding } from '../sign/authorize.ts'
import { decodeAwsChunked } from '../sign/aws-chunked.ts'
import { type Algorithm, announcedChecksum, checksumHeader, createDigest, parseAlgorithm } from '../object/checksum.ts'
import { S3Error } from './error.ts'
import type { S3Request } from './request.ts'

/** A body on disk whose length, hashes and signatures were all verified. */
export interface ReceivedFile {
  /** Temporary file; the owner renames or removes it. */
  readonly path: string
  readonly bytes: number
  /** Hex MD5, the ETag of S3. */
  readonly md5: string
  /** base64; the one the client announced or the one asked for. */
  readonly checksum: { readonly algorithm: Algorithm; readonly value: string } | null
}

/** One write per network packet would cost more than the hashes. */
const WRITE_BYTES = 1024 * 1024
/** A Complete of 10,000 parts with a SHA-256 each is 2 MiB. */
const SMALL_LIMIT = 8 * 1024 * 1024
const MAX_OBJECT_BYTES = 5 * 1024 ** 3

/**
 * Streams a body into a new file under `directory`. `algorithm` adds a checksum when the client sent none.
 * @throws S3Error for every mismatch; nothing is left on disk then
 */
export async function receiveFile(
  request: S3Request,
  binding: PayloadBinding,
  directory: string,
  algorithm: Algorithm | null = null,
): Promise<ReceivedFile> {
  const length = announcedLength(request, binding)
  if (length > MAX_OBJECT_BYTES) throw new S3Error('EntityTooLarge', 'One PUT carries at most 5 GiB; use multipart.')
  return writeVerified(verifiedChunks(request, binding, algorithm), directory)
}

/** Reads a small document (XML), verified like any other body. */
export async function receiveText(request: S3Request, binding: PayloadBinding): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of verifiedChunks(request, binding, null).chunks) {
    bytes += piece.length
    if (bytes > SMALL_LIMIT) throw new S3Error('MalformedXML', 'The document is larger than 8 MiB.')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

export interface VerifiedChunks {
  readonly chunks: AsyncIterable<Buffer>
  /** Filled when `chunks` ended without an error. */
  readonly result: { md5: string; checksum: ReceivedFile['checksum'] }
}

/** Writes chunks to a temporary file; removes it when the chunks end in an error. */
export async function writeVerified(verified: VerifiedChunks, directory: string): Promise<ReceivedFile> {
  const path = join(directory, randomUUID())
  const file = await open(path, 'wx')
  let bytes = 0
  try {
    let batch: Buffer[] = []
    let batched = 0
    for await (const piece of verified.chunks) {
      batch.push(piece)
      batched += piece.length
      bytes += piece.length
      if (batched < WRITE_BYTES) continue
      await file.writeFile(Buffer.concat(batch))
      batch = []
      batched = 0
    }
    await file.writeFile(Buffer.concat(batch))
  } catch (cause) {
    await file.close()
    await rm(path, { force: true })
    throw cause
  }
  await file.close()
  return { path, bytes, ...verified.result }
}

function verifiedChunks(request: S3Request, binding: PayloadBinding, fallback: Algorithm | null): VerifiedChunks {
  const result: VerifiedChunks['result'] = { md5: '', checksum: null }
  return { chunks: verify(request, binding, fallback, result), result }
}

async function* verify(
  request: S3Request,
  binding: PayloadBinding,
  fallback: Algorithm | null,
  result: VerifiedChunks['result'],
): AsyncGenerator<Buffer> {
  const expectedLength = announcedLength(request, binding)
  const trailers = new Map<string, string>()
  const announced = announcedChecksum(request.headers)
  const algorithm = announced?.algorithm ?? trailerAlgorithm(request) ?? fallback
  const expectedMd5 = readContentMd5(request)
  const md5 = createHash('md5')
  const sha256 = binding.kind === 'sha256' ? createHash('sha256') : null
  const digest = algorithm === null ? null : createDigest(algorithm)
  const source = request.body
  let bytes = 0
  for await (const piece of binding.kind === 'chunked' ? decodeAwsChunked(source, { ...binding, trailers }) : source) {
    bytes += piece.length
    if (bytes > expectedLength) throw new S3Error('IncompleteBody', 'The body is longer than announced.')
    md5.update(piece)
    sha256?.update(piece)
    digest?.update(piece)
    yield piece
  }
  if (bytes !== expectedLength) throw new S3Error('IncompleteBody', 'The body is shorter than announced.')
  if (sha256 !== null && binding.kind === 'sha256' && sha256.digest('hex') !== binding.hex) {
    throw new S3Error('XAmzContentSHA256Mismatch', 'The body does not match x-amz-content-sha256.')
  }
  const md5Bytes = md5.digest()
  if (expectedMd5 !== null && !expectedMd5.equals(md5Bytes))
    throw new S3Error('BadDigest', 'Content-MD5 does not match.')
  result.md5 = md5Bytes.toString('hex')
  if (algorithm === null || digest === null) return
  const value = digest.digest().toString('base64')
  const expected =
    announced?.value ?? (trailerAlgorithm(request) === null ? value : trailers.get(checksumHeader(algorithm)))
  if (expected !== value) throw new S3Error('BadDigest', `The body does not match ${checksumHeader(algorithm)}.`)
  result.checksum = { algorithm, value }
}

function trailerAlgorithm(request: S3Request): Algorithm | null {
  const names = (request.headers['x-amz-trailer'] ?? '').split(',').map((name) => name.trim().toLowerCase())
  const found = names.find((name) => name.startsWith('x-amz-checksum-'))
  return found === undefined ? null : parseAlgorithm(found.slice('x-amz-checksum-'.length))
}

function announcedLength(request: S3Request, binding: PayloadBinding): number {
  const name = binding.kind === 'chunked' ? 'x-amz-decoded-content-length' : 'content-length'
  const text = request.headers[name]
  if (text === undefined && request.method !== 'PUT' && request.headers['transfer-encoding'] === undefined) return 0
  if (text === undefined || !/^\d{1,15}$/.test(text)) {
    throw new S3Error('MissingContentLength', `The header ${name} is required.`)
  }
  return Number(text)
}

function readContentMd5(request: S3Request): Buffer | null {
  const text = request.headers['content-md5']
  if (text === undefined) return null
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== 16) throw new S3Error('InvalidDigest', 'Content-MD5 is not the base64 of 16 bytes.')
  return bytes
}
