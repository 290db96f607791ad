import { blake2b } from '@noble/hashes/blake2.js'
import { base58 } from '@scure/base'
import { DatasetError } from './errors.ts'

const CHECKSUM_CONTEXT = new TextEncoder().encode('SS58PRE')

/**
 * The public key (32 bytes) of an ss58 address of any network prefix, its checksum verified.
 * Format: https://docs.polkadot.com/polkadot-protocol/parachain-basics/accounts/#address-formats
 * @throws DatasetError `BAD_HOTKEY`
 */
export function publicKeyOfHotkey(ss58: string): Uint8Array {
  // 35 or 36 bytes are at most 50 characters; base58 decoding is quadratic, so longer text is refused first.
  const bytes = ss58.length >= 46 && ss58.length <= 50 ? decode(ss58) : null
  if (bytes) {
    const prefixLength = bytes.length - 34
    const prefixFits = prefixLength === 1 ? bytes[0]! < 64 : prefixLength === 2 && bytes[0]! >= 64 && bytes[0]! < 128
    const body = bytes.subarray(0, bytes.length - 2)
    if (prefixFits) {
      const sum = blake2b.create({ dkLen: 64 }).update(CHECKSUM_CONTEXT).update(body).digest()
      if (sum[0] === bytes.at(-2) && sum[1] === bytes.at(-1)) return bytes.slice(prefixLength, prefixLength + 32)
    }
  }
  throw new DatasetError('BAD_HOTKEY', 'this is not the ss58 address of a hotkey; check it for typing errors')
}

function decode(text: string): Uint8Array | null {
  try {
    return base58.decode(text)
  } catch {
    return null
  }
}
