import { TransferError } from '../errors.ts'
import type { Hashing } from '../source/hashing.ts'
import { replyFailure, s3CodeOf } from '../sessions/s3-errors.ts'
import type { Body, WireReply } from '../sessions/send.ts'

const MD5 = /^[0-9a-f]{32}$/

/** Who vouches for what is stored: the store's own checksum, its MD5, or nobody. */
export type Proof = 'crc32' | 'etag' | 'size'

/**
 * Reads the reply to a PUT and proves that the store has what was sent: by the checksum it repeats, else by its MD5.
 * @param crc32 base64; undefined when no checksum is wanted
 * @throws TransferError `CORRUPT` when it has something else, or what the reply says
 */
export function readPutReply(
  what: string,
  reply: WireReply,
  body: Body,
  crc32: string | undefined,
  tools: { readonly hashing: Hashing; readonly now: () => number },
): { readonly etag: string; readonly proof: Proof } {
  const code = s3CodeOf(reply.text)
  if (reply.status !== 200 || code !== null) {
    throw replyFailure(what, reply, tools.now())
  }
  const etag = reply.headers['etag']?.replace(/^"|"$/g, '')
  if (etag === undefined || etag === '') {
    const text = `Cannot ${what}: the reply has no ETag. A browser needs it exposed by the bucket's CORS rules.`
    throw new TransferError('PROTOCOL', text, { retryable: true })
  }
  if (crc32 === undefined) return { etag, proof: 'size' }
  const echoed = reply.headers['x-amz-checksum-crc32']
  if (echoed !== undefined) {
    if (echoed !== crc32) throw damaged(what)
    return { etag, proof: 'crc32' }
  }
  if (!MD5.test(etag) || !(body instanceof Uint8Array)) return { etag, proof: 'size' }
  if (md5Of(tools.hashing, body) !== etag) throw damaged(what)
  return { etag, proof: 'etag' }
}

export function md5Of(hashing: Hashing, body: Uint8Array): string {
  const hash = hashing.md5()
  hash.update(body)
  return hash.hex()
}

export const isMd5 = (etag: string): boolean => MD5.test(etag)

function damaged(what: string): TransferError {
  const text = `Cannot ${what}: the store got other bytes than were sent; they are sent again.`
  return new TransferError('CORRUPT', text, { retryable: true })
}
