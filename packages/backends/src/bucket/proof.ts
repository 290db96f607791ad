import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { StoredObject } from '@sluice/transfer'
import type { PutObject } from '../port/storage-backend.ts'
import { readContent } from '../port/content.ts'

/** What the store's word proves about the content of an object. */
export type Proof = 'same' | 'different' | 'unknown'

/**
 * Compares a stored object with what should be there, without reading it there: size, then the store's CRC-32 of the
 * whole, or the MD5 that most stores give as ETag, for which the source is read again.
 * `unknown` (no checksum, encrypted or multipart ETag) leaves reading the object back.
 */
export async function proveStored(
  { bytes, crc32: crc, etag }: Pick<StoredObject, 'bytes' | 'crc32' | 'etag'>,
  object: PutObject,
  signal?: AbortSignal,
): Promise<Proof> {
  if (bytes !== object.bytes) return 'different'
  if (crc !== null && !crc.includes('-')) return (await crc32Of(object, signal)) === crc ? 'same' : 'different'
  if (!/^[0-9a-f]{32}$/.test(etag)) return 'unknown'
  const hash = createHash('md5')
  for await (const chunk of readContent(object, signal)) hash.update(chunk)
  return hash.digest('hex') === etag ? 'same' : 'unknown'
}

/** As S3 writes it: base64 of the four bytes, big-endian. */
async function crc32Of(object: PutObject, signal?: AbortSignal): Promise<string> {
  let crc = 0
  for await (const chunk of readContent(object, signal)) crc = crc32(chunk, crc)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc)
  return bytes.toString('base64')
}
