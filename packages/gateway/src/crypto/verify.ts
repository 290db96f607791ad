// oxlint-disable-next-line typescript/triple-slash-reference -- whoever compiles this file needs it: the package has no types
/// <reference path="./libsodium-sumo.d.ts" />
import loadSodium from 'libsodium-sumo'
import type { VerifySignature } from '@sluice/signing'
import { challengeMessage, DOMAIN } from './challenge.ts'

/** sr25519 on libsodium's ristretto255. */
export interface Sr25519 {
  /**
   * Accepts when `s·B − c·A` encodes to R; some seven times faster than the verifier of `@sluice/signing`. Same answers,
   * see the test against two other implementations.
   */
  readonly verify: VerifySignature
  /** c, 32 bytes little endian; what a signer needs too. */
  readonly challenge: (message: Uint8Array, publicKey: Uint8Array, r: Uint8Array) => Uint8Array
}

/** Order of the group, little endian: 2^252 + 27742317777372353535851937790883648493. */
const ORDER = [
  0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0x10,
]
/** Longer messages are hashed in pieces. */
const PIECE = 4096

export async function loadSr25519(): Promise<Sr25519> {
  const sodium = await loadSodium()
  const state = sodium._malloc(sodium._crypto_xof_shake128_statebytes())
  const piece = sodium._malloc(PIECE)
  const wide = sodium._malloc(64)
  const [c, s] = [sodium._malloc(32), sodium._malloc(32)]
  const [key, sB, cA, sum] = [sodium._malloc(32), sodium._malloc(32), sodium._malloc(32), sodium._malloc(32)]
  const put = (address: number, bytes: Uint8Array): void => sodium.HEAPU8.set(bytes, address)
  const get = (address: number): Uint8Array => sodium.HEAPU8.subarray(address, address + 32)

  const setChallenge = (...input: Parameters<typeof challengeMessage>): void => {
    const message = challengeMessage(...input)
    sodium._crypto_xof_shake128_init_with_domain(state, DOMAIN)
    for (let at = 0; at < message.length; at += PIECE) {
      const bytes = message.subarray(at, at + PIECE)
      put(piece, bytes)
      sodium._crypto_xof_shake128_update(state, piece, bytes.length, 0)
    }
    sodium._crypto_xof_shake128_squeeze(state, wide, 64)
    sodium._crypto_core_ristretto255_scalar_reduce(c, wide)
  }

  return {
    challenge: (...input) => {
      setChallenge(...input)
      return get(c).slice()
    },
    verify: (message, signature, publicKey) => {
      if (signature.length !== 64 || publicKey.length !== 32) return false
      const r = signature.subarray(0, 32)
      // `slice` of a Buffer would not copy.
      const scalar = Uint8Array.from(signature.subarray(32))
      // schnorrkel's mark that this is no ed25519 signature.
      if ((scalar[31]! & 0x80) === 0) return false
      scalar[31]! &= 0x7f
      if (!isBelowOrder(scalar)) return false
      setChallenge(message, publicKey, r)
      put(s, scalar)
      put(key, publicKey)
      // Each says no to what is not the encoding of a point, and to the identity.
      if (sodium._crypto_scalarmult_ristretto255_base(sB, s) !== 0) return false
      if (sodium._crypto_scalarmult_ristretto255(cA, c, key) !== 0) return false
      if (sodium._crypto_core_ristretto255_sub(sum, sB, cA) !== 0) return false
      return Buffer.compare(get(sum), r) === 0
    },
  }
}

/** s has one form only, else a signature could be rewritten without the key. */
function isBelowOrder(s: Uint8Array): boolean {
  for (let at = 31; at >= 0; at--) {
    if (s[at]! !== ORDER[at]!) return s[at]! < ORDER[at]!
  }
  return false
}
