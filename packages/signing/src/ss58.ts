import { blake2b } from '@noble/hashes/blake2.js'
import { base58 } from '@scure/base'
import { SigningError } from './errors.ts'
import { remembering } from './remember.ts'

/** Bittensor's (and generic Substrate's) address prefix. */
const PREFIX = 42
const CONTEXT = new TextEncoder().encode('SS58PRE')

/**
 * The 32-byte public key of an ss58 address of any prefix, its checksum verified.
 * Format: Substrate's SS58 (one or two prefix bytes, key, first two bytes of blake2b-512("SS58PRE" || prefix || key)).
 * @throws SigningError `BAD_HOTKEY`
 */
export function publicKeyOf(address: string): Uint8Array {
  return hotkeyOf(address).publicKey.slice()
}

interface Hotkey {
  /** Shared by all who ask; not to be changed. */
  readonly publicKey: Uint8Array
  readonly address: string
}

/** More than a subnet has, and no more than 400 KiB. */
const MOST_KNOWN = 1024

/**
 * As `publicKeyOf`, with the address of that key with Bittensor's prefix. Remembered: a server is named the same few
 * hundred again and again, and to check one takes 16 µs.
 * @throws SigningError `BAD_HOTKEY`
 */
export const hotkeyOf: (address: string) => Hotkey = remembering(readHotkey, MOST_KNOWN)

function readHotkey(address: string): Hotkey {
  const bytes = typeof address === 'string' && address.length >= 46 && address.length <= 50 ? decode(address) : null
  if (bytes !== null) {
    const prefixLength = bytes.length - 34
    const first = bytes[0] ?? 255
    const fits = prefixLength === 1 ? first < 64 : prefixLength === 2 && first >= 64 && first < 128
    const sum = fits ? checksum(bytes.subarray(0, -2)) : null
    if (sum !== null && sum[0] === bytes.at(-2) && sum[1] === bytes.at(-1)) {
      const publicKey = bytes.slice(prefixLength, prefixLength + 32)
      return { publicKey, address: first === PREFIX ? address : addressOf(publicKey) }
    }
  }
  throw new SigningError('BAD_HOTKEY', 'This is not the ss58 address of a hotkey; check it for typing errors.')
}

/** The ss58 address of a 32-byte public key with Bittensor's prefix 42. @throws SigningError `BAD_HOTKEY` */
export function addressOf(publicKey: Uint8Array): string {
  if (publicKey.length !== 32) throw new SigningError('BAD_HOTKEY', 'A public key has 32 bytes.')
  const full = new Uint8Array(35)
  full[0] = PREFIX
  full.set(publicKey, 1)
  full.set(checksum(full.subarray(0, 33)), 33)
  return base58.encode(full)
}

/** True when both addresses are of one public key, whatever their prefixes. @throws SigningError `BAD_HOTKEY` */
export function isSameHotkey(one: string, other: string): boolean {
  const key = publicKeyOf(other)
  return publicKeyOf(one).every((byte, index) => byte === key[index])
}

function checksum(body: Uint8Array): Uint8Array {
  return blake2b.create({ dkLen: 64 }).update(CONTEXT).update(body).digest().subarray(0, 2)
}

function decode(text: string): Uint8Array | null {
  try {
    return base58.decode(text)
  } catch {
    return null
  }
}
