import { createHash } from 'node:crypto'
import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import type { PutObject } from './backend.ts'
import { readContent } from './content.ts'
import { base64Of, compositeOf } from './s3-upload.ts'

/** What a HeadObject proves about the content of an object. */
export type Proof = 'same' | 'different' | 'unknown'

/**
 * Compares a stored object with what should be there, without reading it there: size, then the SHA-256 that the store
 * computed (whole or over the parts), then the MD5 that most stores give as ETag, for which the source is read again.
 * `unknown` (no checksum, encrypted or multipart ETag) leaves reading the object back.
 * @param composite the checksum of the parts, if it was a multipart upload of this process
 * @param partBytes the size of parts that this process would use
 */
export async function proveStored(
  head: HeadObjectCommandOutput,
  object: PutObject,
  composite: string | null,
  partBytes: number,
  signal?: AbortSignal,
): Promise<Proof> {
  if (head.ContentLength !== object.bytes) return 'different'
  const checksum = head.ChecksumSHA256
  if (checksum !== undefined && !checksum.includes('-'))
    return checksum === base64Of(object.sha256) ? 'same' : 'different'
  if (checksum !== undefined && checksum === (composite ?? (await compositeOf(object, partBytes, signal))))
    return 'same'
  const md5 = /^"?([0-9a-f]{32})"?$/.exec(head.ETag ?? '')?.[1]
  if (md5 === undefined) return 'unknown'
  const hash = createHash('md5')
  for await (const chunk of readContent(object, signal)) hash.update(chunk)
  return hash.digest('hex') === md5 ? 'same' : 'unknown'
}

/** SHA-256 of a stored object as far as a HeadObject tells it: the store's checksum, else what the writer noted. */
export function statedSha256(head: HeadObjectCommandOutput): string | null {
  const checksum = head.ChecksumSHA256
  if (checksum !== undefined && !checksum.includes('-')) return Buffer.from(checksum, 'base64').toString('hex')
  const noted = head.Metadata?.['sha256']
  return noted !== undefined && /^[0-9a-f]{64}$/.test(noted) ? noted : null
}
