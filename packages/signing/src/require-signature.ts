import { base64, hex } from '@scure/base'
import { isSignedBy, type VerifySignature } from '@sluice/hotkey'
import { SigningError } from './errors.ts'

/** Accepts the message or, as the originals do, the message in `<Bytes>`. @throws SigningError `BAD_SIGNATURE` */
export function requireSignature(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
  verifySignature: VerifySignature | undefined,
): void {
  if (isSignedBy(publicKey, message, signature, verifySignature)) return
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
