import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { DatasetError } from '../errors.ts'
import { createHmacSha256 } from './hmac.ts'
import type { Hmac } from './hmac.ts'

const VERSION = 0x80
const BLOCK = 16
/** Version, timestamp, IV. */
const HEAD = 1 + 8 + BLOCK
const NOTHING = new Uint8Array()
/** Version, timestamp, IV, one block, HMAC. */
const SHORTEST = 1 + 8 + 16 + 16 + 32
const [PLUS, MINUS, SLASH, UNDERSCORE] = [0x2b, 0x2d, 0x2f, 0x5f]
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

/** Makes tokens of one key. */
export interface FernetSealer {
  readonly hmac: Hmac
  /**
   * A Fernet token as Python's `cryptography` writes it (base64url with padding).
   * @param seconds Unix time that the token carries in clear
   * @param iv 16 bytes
   */
  seal(plain: Uint8Array, seconds: number, iv: Uint8Array): Buffer
}

/** A sealer that keeps one cipher for all tokens: making one costs several times what it then does for a short field. */
export function createFernetSealer(key: FernetKey): FernetSealer {
  const cipher = createCipheriv('aes-128-cbc', key.encryption, Buffer.alloc(BLOCK)).setAutoPadding(false)
  const hmac = createHmacSha256(key.signing)
  /** What the running cipher will combine with the next block. */
  let chained: Uint8Array = Buffer.alloc(BLOCK)

  /** AES-128-CBC with the IV and PKCS #7 padding. */
  function encrypt(plain: Uint8Array, iv: Uint8Array): Buffer {
    const padding = BLOCK - (plain.length % BLOCK)
    const input = Buffer.allocUnsafe(plain.length + padding)
    input.set(plain)
    input.fill(padding, plain.length)
    // The running cipher combines the first block with the end of the token before; this puts the IV in its place.
    for (let at = 0; at < BLOCK; at += 1) input[at]! ^= iv[at]! ^ chained[at]!
    const output = cipher.update(input)
    chained = Uint8Array.from(output.subarray(-BLOCK))
    return output
  }

  return {
    hmac,
    seal(plain, seconds, iv) {
      const encrypted = encrypt(plain, iv)
      const token = Buffer.allocUnsafe(HEAD + encrypted.length + 32)
      token[0] = VERSION
      token.writeUInt32BE(Math.floor(seconds / 2 ** 32), 1)
      token.writeUInt32BE(seconds % 2 ** 32, 5)
      token.set(iv, 9)
      token.set(encrypted, HEAD)
      token.set(hmac(token.subarray(0, -32), NOTHING), HEAD + encrypted.length)
      return base64url(token)
    },
  }
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
function base64url(bytes: Buffer): Buffer {
  const text = Buffer.from(bytes.toString('base64'), 'latin1')
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === PLUS) text[at] = MINUS
    else if (text[at] === SLASH) text[at] = UNDERSCORE
  }
  return text
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
