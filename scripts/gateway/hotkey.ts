import { randomBytes } from 'node:crypto'
import library from 'libsodium-wrappers-sumo'
import { addressOf, type RequestHotkey } from '@sluice/signing'
import { loadSr25519 } from '../../packages/gateway/src/crypto/verify.ts'

const sr25519 = loadSr25519()

/**
 * A random hotkey that signs with libsodium, some 0.1 ms per signature, so that a load generator is not what is measured.
 * sr25519: R = r·B, s = c·secret + r, with schnorrkel's mark in the last bit.
 */
export async function fastHotkey(): Promise<RequestHotkey> {
  const sodium = library
  await sodium.ready
  const { challenge } = await sr25519
  const secret = sodium.crypto_core_ristretto255_scalar_random()
  const publicKey = sodium.crypto_scalarmult_ristretto255_base(secret)
  return {
    address: addressOf(publicKey),
    sign: (message) => {
      const r = sodium.crypto_core_ristretto255_scalar_reduce(randomBytes(64))
      const R = sodium.crypto_scalarmult_ristretto255_base(r)
      const c = challenge(message, publicKey, R)
      const s = sodium.crypto_core_ristretto255_scalar_add(sodium.crypto_core_ristretto255_scalar_mul(c, secret), r)
      const signature = new Uint8Array(64)
      signature.set(R)
      signature.set(s, 32)
      signature[63]! |= 0x80
      return signature
    },
  }
}
