import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import type { PutObject } from '../port/storage-backend.ts'
import { readContent } from '../port/content.ts'
import { base64Of } from '../s3-upload.ts'

/** What the store tells of an object. */
export type StoredFacts = Pick<HeadObjectCommandOutput, 'ContentLength' | 'ChecksumSHA256' | 'ChecksumCRC32' | 'ETag'>

/** What a HeadObject proves about the content of an object. */
export type Proof = 'same' | 'different' | 'unknown'

/**
 * Compares a stored object with what should be there, without reading it there: size, then the SHA-256 that the store
 * computed, then its CRC-32 of the whole or the MD5 that most stores give as ETag, for which the source is read again.
 * `unknown` (no checksum, encrypted or multipart ETag) leaves reading the object back.
 */
export async function proveStored(head: StoredFacts, object: PutObject, signal?: AbortSignal): Promise<Proof> {
  if (head.ContentLength !== object.bytes) return 'different'
  const checksum = head.ChecksumSHA256
  if (checksum !== undefined && !checksum.includes('-'))
    return checksum === base64Of(object.sha256) ? 'same' : 'different'
  const crc = head.ChecksumCRC32
  if (crc !== undefined && !crc.includes('-')) return (await crc32Of(object, signal)) === crc ? 'same' : 'different'
  const md5 = /^"?([0-9a-f]{32})"?$/.exec(head.ETag ?? '')?.[1]
  if (md5 === undefined) return 'unknown'
  const hash = createHash('md5')
  for await (const chunk of readContent(object, signal)) hash.update(chunk)
  return hash.digest('hex') === md5 ? 'same' : 'unknown'
}

/** As S3 writes it: base64 of the four bytes, big-endian. */
async function crc32Of(object: PutObject, signal?: AbortSignal): Promise<string> {
  let crc = 0
  for await (const chunk of readContent(object, signal)) crc = crc32(chunk, crc)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc)
  return bytes.toString('base64')
}

/** SHA-256 of a stored object as far as a HeadObject tells it: the store's checksum, else what the writer noted. */
export function statedSha256(head: HeadObjectCommandOutput): string | null {
  const checksum = head.ChecksumSHA256
  if (checksum !== undefined && !checksum.includes('-')) return Buffer.from(checksum, 'base64').toString('hex')
  const noted = head.Metadata?.['sha256']
  return noted !== undefined && /^[0-9a-f]{64}$/.test(noted) ? noted : null
}
