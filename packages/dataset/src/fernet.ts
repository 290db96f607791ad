import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { DatasetError } from './errors.ts'

const VERSION = 0x80
/** Version, timestamp, IV, one block, HMAC. */
const SHORTEST = 1 + 8 + 16 + 16 + 32
const BASE64URL = /^[A-Za-z0-9_-]+={0,2}$/

/** A Fernet key: 16 bytes for signing, 16 for encryption (https://github.com/fernet/spec/blob/master/Spec.md). */
export interface FernetKey {
  readonly signing: Buffer
  readonly encryption: Buffer
}

/** Reads a key as Python's `Fernet.generate_key()` gives it. @throws DatasetError `BAD_ENCODING_KEY` */
export function readFernetKey(text: string): FernetKey {
  const bytes = decodeBase64url(text)
  if (bytes?.length !== 32) {
    throw new DatasetError(
      'BAD_ENCODING_KEY',
      'a Fernet key is 32 bytes in base64url; make one with Fernet.generate_key()',
    )
  }
  return { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16) }
}

/**
 * A Fernet token as Python's `cryptography` writes it (base64url with padding).
 * @param seconds Unix time that the token carries in clear
 * @param iv 16 bytes
 */
export function sealFernet(key: FernetKey, plain: Uint8Array, seconds: number, iv: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-cbc', key.encryption, iv)
  const head = Buffer.allocUnsafe(25)
  head[0] = VERSION
  head.writeBigUInt64BE(BigInt(seconds), 1)
  head.set(iv, 9)
  const body = Buffer.concat([head, cipher.update(plain), cipher.final()])
  const tag = createHmac('sha256', key.signing).update(body).digest()
  return base64url(Buffer.concat([body, tag]))
}

/** Verifies and decrypts a token; its age is not judged. @throws DatasetError `BAD_TOKEN` */
export function openFernet(key: FernetKey, token: string): { readonly plain: Buffer; readonly seconds: number } {
  const bytes = decodeBase64url(token)
  if (!bytes || bytes.length < SHORTEST || bytes[0] !== VERSION) throw badToken()
  const body = bytes.subarray(0, -32)
  const tag = createHmac('sha256', key.signing).update(body).digest()
  if (!timingSafeEqual(tag, bytes.subarray(-32))) throw badToken()
  try {
    const cipher = createDecipheriv('aes-128-cbc', key.encryption, body.subarray(9, 25))
    const plain = Buffer.concat([cipher.update(body.subarray(25)), cipher.final()])
    return { plain, seconds: Number(body.readBigUInt64BE(1)) }
  } catch (cause) {
    throw badToken(cause)
  }
}

/** Base64url with padding, as ASCII bytes: Python insists on the padding, Node's own base64url leaves it out. */
export function base64url(bytes: Buffer): Buffer {
  const text = bytes.toString('base64url')
  return Buffer.from(text.padEnd(Math.ceil(text.length / 4) * 4, '='), 'latin1')
}

/** Strict reverse of `base64url`: alphabet, padding and spare bits must be right. Null otherwise. */
export function decodeBase64url(text: string): Buffer | null {
  if (!BASE64URL.test(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  return base64url(bytes).toString('latin1') === text ? bytes : null
}

function badToken(cause?: unknown): DatasetError {
  return new DatasetError('BAD_TOKEN', 'this is not a Fernet token of this key', cause)
}
