import { verify } from '@scure/sr25519'
import { base64, hex } from '@scure/base'
import { SigningError } from './errors.ts'

/**
 * Whether the 64-byte sr25519 signature (signing context "substrate") is of this 32-byte key over this message.
 * Must not throw. A faster one than the default may be given wherever a request is verified.
 */
export type VerifySignature = (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean

const OPEN = new TextEncoder().encode('<Bytes>')
const CLOSE = new TextEncoder().encode('</Bytes>')

/** In plain JavaScript, some 2.5 ms per signature. */
export const verifySr25519: VerifySignature = (message, signature, publicKey) => {
  try {
    return verify(message, signature, publicKey)
  } catch {
    return false // the library throws on malformed points and scalars
  }
}

/** `<Bytes>message</Bytes>`, which is what a wallet in a browser signs. */
export function wrapBytes(message: Uint8Array): Uint8Array {
  const wrapped = new Uint8Array(OPEN.length + message.length + CLOSE.length)
  wrapped.set(OPEN)
  wrapped.set(message, OPEN.length)
  wrapped.set(CLOSE, OPEN.length + message.length)
  return wrapped
}

/**
 * Accepts the message or, as the originals do, the message in `<Bytes>`.
 * @throws SigningError `BAD_SIGNATURE`
 */
export function requireSignature(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
  verifySignature: VerifySignature = verifySr25519,
): void {
  if (verifySignature(message, signature, publicKey)) return
  if (verifySignature(wrapBytes(message), signature, publicKey)) return
  throw new SigningError('BAD_SIGNATURE', 'The signature is not of this hotkey over this request.')
}

/** 64 bytes from hex with or without `0x`, or from base64 where the scheme has it. @throws SigningError `MALFORMED` */
export function signatureBytes(text: string, encodings: 'hex' | 'hex or base64'): Uint8Array {
  const digits = text.startsWith('0x') ? text.slice(2) : text
  if (/^[0-9a-fA-F]{128}$/.test(digits)) return hex.decode(digits.toLowerCase())
  if (encodings === 'hex or base64' && /^[A-Za-z0-9+/]{86}==$/.test(text)) {
    try {
      return base64.decode(text)
    } catch {
      // refused below
    }
  }
  throw new SigningError('MALFORMED', `The signature is not 64 bytes in ${encodings}.`)
}
