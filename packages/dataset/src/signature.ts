import { verify } from '@scure/sr25519'

const BYTES_OPEN = new TextEncoder().encode('<Bytes>')
const BYTES_CLOSE = new TextEncoder().encode('</Bytes>')

/**
 * Verifies an sr25519 signature (signing context "substrate") over the message, or over `<Bytes>message</Bytes>` as
 * wallets in a browser sign it. Never throws.
 */
export function verifyHotkeySignature(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  return isSigned(message, signature, publicKey) || isSigned(wrapped(message), signature, publicKey)
}

function wrapped(message: Uint8Array): Uint8Array {
  return Buffer.concat([BYTES_OPEN, message, BYTES_CLOSE])
}

function isSigned(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return verify(message, signature, publicKey)
  } catch {
    return false // the library throws on malformed points and scalars
  }
}
