import { type Hotkey, addressOf } from '@sluice/hotkey'
import { Keyring } from '@polkadot/keyring'
import type { KeyringPair } from '@polkadot/keyring/types'
import { hexToU8a, isHex } from '@polkadot/util'
import {
  cryptoWaitReady,
  keyExtractSuri,
  mnemonicValidate,
  sr25519PairFromSeed,
  sr25519Sign,
  sr25519Verify,
} from '@polkadot/util-crypto'
import { ChainError } from '../errors.ts'

/**
 * A hotkey from a secret URI: `//Path` (development keys only), a mnemonic, a 0x seed of 32 bytes; each may go on with
 * derivation (`<secret>//hard/soft///password`).
 * @throws ChainError BAD_KEY_URI; the message does not repeat the input
 */
export async function hotkeyFromUri(uri: string): Promise<Hotkey> {
  await cryptoWaitReady()
  const text = uri.trim()
  if (text.startsWith('//') || hasSecret(text)) {
    try {
      return hotkeyOf(new Keyring({ type: 'sr25519', ss58Format: 42 }).addFromUri(text))
    } catch {
      // The library's own message may quote the secret, so it is not kept as a cause.
    }
  }
  throw new ChainError('BAD_KEY_URI', 'This is no key: give //Path, a valid mnemonic or a 0x seed of 32 bytes.')
}

/** The library would take any short text for a seed, a mistyped path or name too. */
function hasSecret(uri: string): boolean {
  try {
    const { phrase } = keyExtractSuri(uri)
    return isHex(phrase, 256) || mnemonicValidate(phrase)
  } catch {
    return false
  }
}

/** What a keyfile may hold; every part is optional. */
export interface KeyMaterial {
  readonly phrase: string | null
  readonly seed: string | null
  readonly privateKey: string | null
  readonly publicKey: Uint8Array
}

/**
 * The first of seed, phrase and private key that belongs to the public key; null when none does.
 */
export async function hotkeyFromMaterial(material: KeyMaterial): Promise<Hotkey | null> {
  await cryptoWaitReady()
  const ring = new Keyring({ type: 'sr25519', ss58Format: 42 })
  const belongs = (pair: { publicKey: Uint8Array }): boolean => Buffer.compare(pair.publicKey, material.publicKey) === 0
  if (material.seed !== null && isHex(material.seed, 256)) {
    const pair = ring.addFromPair(sr25519PairFromSeed(hexToU8a(material.seed)))
    if (belongs(pair)) return hotkeyOf(pair)
  }
  if (material.phrase !== null && mnemonicValidate(material.phrase)) {
    const pair = ring.addFromUri(material.phrase)
    if (belongs(pair)) return hotkeyOf(pair)
  }
  if (material.privateKey !== null && isHex(material.privateKey, 512)) {
    const secret = hexToU8a(material.privateKey)
    for (const secretKey of [secret, ed25519Form(secret)]) {
      if (signsFor(material.publicKey, secretKey)) {
        return hotkeyOf(ring.addFromPair({ publicKey: material.publicKey, secretKey }))
      }
    }
  }
  return null
}

/**
 * schnorrkel writes its scalar plainly (`SecretKey::to_bytes`), the library wants it times 8 (`to_ed25519_bytes`);
 * wallets hold either form.
 */
function ed25519Form(secret: Uint8Array): Uint8Array {
  const out = Uint8Array.from(secret)
  let carry = 0
  for (let index = 0; index < 32; index++) {
    const product = (secret[index] ?? 0) * 8 + carry
    out[index] = product & 0xff
    carry = product >> 8
  }
  return out
}

function signsFor(publicKey: Uint8Array, secretKey: Uint8Array): boolean {
  const message = new Uint8Array([1])
  try {
    return sr25519Verify(message, sr25519Sign(message, { publicKey, secretKey }), publicKey)
  } catch {
    return false
  }
}

function hotkeyOf(pair: KeyringPair): Hotkey {
  return {
    address: addressOf(pair.publicKey),
    publicKey: pair.publicKey,
    sign: (message) => pair.sign(message),
  }
}
