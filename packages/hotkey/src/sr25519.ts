import { verify } from '@scure/sr25519'

/**
 * Whether the 64-byte sr25519 signature (signing context "substrate") is of this 32-byte key over this message.
 * Must not throw. A faster one than the default may be given wherever a request is verified.
 */
export type VerifySignature = (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean

const OPEN = new TextEncoder().encode('<Bytes>')
const CLOSE = new TextEncoder().encode('</Bytes>')

/** In plain JavaScript, some 2.5 ms per signature; `@sluice/hotkey/wasm` has a faster one. */
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

/** Whether the key signed the message, or as a wallet does the message in `<Bytes>`. Never throws. */
export function isSignedBy(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  verifySignature: VerifySignature = verifySr25519,
): boolean {
  return verifySignature(message, signature, publicKey) || verifySignature(wrapBytes(message), signature, publicKey)
}
