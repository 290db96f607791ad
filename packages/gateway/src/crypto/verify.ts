import library from 'libsodium-wrappers-sumo'
import type { VerifySignature } from '@sluice/signing'
import { signatureChallenge } from './challenge.ts'

/** Order of the group, little endian: 2^252 + 27742317777372353535851937790883648493. */
const ORDER = [
  0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0x10,
]

/**
 * Loads libsodium and gives a verifier of sr25519 signatures that is some seven times faster than the one of
 * `@sluice/signing`: accept when `s·B − c·A` encodes to R. Same answers, see the test against two other implementations.
 */
export async function loadVerifier(): Promise<VerifySignature> {
  // Its functions appear on the default export once it is ready.
  const sodium = library
  await sodium.ready
  return (message, signature, publicKey) => {
    if (signature.length !== 64 || publicKey.length !== 32) return false
    const r = signature.subarray(0, 32)
    const s = signature.slice(32)
    // schnorrkel's mark that this is no ed25519 signature.
    if ((s[31]! & 0x80) === 0) return false
    s[31]! &= 0x7f
    if (!isBelowOrder(s)) return false
    try {
      const c = sodium.crypto_core_ristretto255_scalar_reduce(signatureChallenge(message, publicKey, r))
      const sB = sodium.crypto_scalarmult_ristretto255_base(s)
      const cA = sodium.crypto_scalarmult_ristretto255(c, publicKey)
      return sodium.memcmp(sodium.crypto_core_ristretto255_sub(sB, cA), r)
    } catch {
      return false // not the encoding of a point, or the identity
    }
  }
}

/** s has one form only, else a signature could be rewritten without the key. */
function isBelowOrder(s: Uint8Array): boolean {
  for (let at = 31; at >= 0; at--) {
    if (s[at]! !== ORDER[at]!) return s[at]! < ORDER[at]!
  }
  return false
}
