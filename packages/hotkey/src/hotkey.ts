import { getPublicKey, secretFromSeed, sign } from '@scure/sr25519'
import { HotkeyError } from './errors.ts'
import { addressOf } from './ss58.ts'

/**
 * Somebody who signs as a hotkey: sr25519 with the signing context "substrate". The secret stays inside; it may lie in
 * another process or a wallet, so the answer may take its time.
 */
export interface Hotkey {
  /** ss58, prefix 42. */
  readonly address: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 64 bytes over the message as it is. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** A hotkey from a seed of 32 bytes, in plain JavaScript: some 3 ms per signature. @throws HotkeyError `BAD_HOTKEY` */
export function hotkeyFromSeed(seed: Uint8Array): Hotkey {
  if (seed.length !== 32) throw new HotkeyError('A seed has 32 bytes.')
  const secret = secretFromSeed(seed)
  const publicKey = getPublicKey(secret)
  return { address: addressOf(publicKey), publicKey, sign: (message) => sign(secret, message) }
}
