import { blake2b } from '@noble/hashes/blake2.js'
import { base58 } from '@scure/base'
import { HotkeyError } from './errors.ts'
import { remembering } from './remember.ts'

/** Bittensor's (and generic Substrate's) address prefix. */
const PREFIX = 42
/** 2 prefix bytes + 32 key bytes + 2 checksum bytes are at most 50 characters; base58 takes long for longer ones. */
const MAX_LENGTH = 52
const CONTEXT = new TextEncoder().encode('SS58PRE')

interface Account {
  /** Shared by all who ask; not to be changed. */
  readonly publicKey: Uint8Array
  /** With Bittensor's prefix, whatever prefix was given. */
  readonly address: string
}

/** More than a subnet has, and no more than 400 KiB. */
const MOST_KNOWN = 1024

/**
 * Public key and address of an ss58 address of any prefix. Remembered: the same few hundred are named again and again,
 * and to check one takes 16 µs.
 * @throws HotkeyError `BAD_HOTKEY`
 */
export const accountOf: (address: string) => Account = remembering(readAccount, MOST_KNOWN)

/**
 * The 32-byte public key of an ss58 address of any prefix, its checksum verified.
 * Format: Substrate's SS58 (one or two prefix bytes, key, first two bytes of blake2b-512("SS58PRE" || prefix || key)).
 * @throws HotkeyError `BAD_HOTKEY`
 */
export function publicKeyOf(address: string): Uint8Array {
  return accountOf(address).publicKey.slice()
}

/** The ss58 address of a 32-byte public key with Bittensor's prefix 42. @throws HotkeyError `BAD_HOTKEY` */
export function addressOf(publicKey: Uint8Array): string {
  if (publicKey.length !== 32) throw new HotkeyError('A public key has 32 bytes.')
  const full = new Uint8Array(35)
  full[0] = PREFIX
  full.set(publicKey, 1)
  full.set(checksum(full.subarray(0, 33)), 33)
  return base58.encode(full)
}

/** True when both addresses are of one public key, whatever their prefixes. @throws HotkeyError `BAD_HOTKEY` */
export function isSameHotkey(one: string, other: string): boolean {
  return accountOf(one).address === accountOf(other).address
}

function readAccount(address: string): Account {
  if (typeof address !== 'string' || address.length === 0 || address.length > MAX_LENGTH) {
    throw refuse(address, 'wrong length')
  }
  let bytes: Uint8Array
  try {
    bytes = base58.decode(address)
  } catch {
    throw refuse(address, 'it is not base58')
  }
  const first = bytes[0] ?? 255
  // Bit 6 announces a two-byte prefix; bit 7 is reserved.
  if (first > 127) throw refuse(address, 'its prefix is reserved')
  const prefixLength = first & 0x40 ? 2 : 1
  if (bytes.length !== prefixLength + 34) throw refuse(address, 'it does not hold a 32-byte key')
  const sum = checksum(bytes.subarray(0, -2))
  if (sum[0] !== bytes.at(-2) || sum[1] !== bytes.at(-1)) throw refuse(address, 'its checksum is wrong')
  const publicKey = bytes.slice(prefixLength, prefixLength + 32)
  return { publicKey, address: first === PREFIX ? address : addressOf(publicKey) }
}

function checksum(body: Uint8Array): Uint8Array {
  return blake2b.create({ dkLen: 64 }).update(CONTEXT).update(body).digest().subarray(0, 2)
}

function refuse(address: unknown, why: string): HotkeyError {
  const shown =
    typeof address === 'string' ? address.replace(/[^\x21-\x7e]/g, '?').slice(0, MAX_LENGTH) : typeof address
  return new HotkeyError(`"${shown}" is not a hotkey: ${why}. Give the ss58 address of an account.`)
}
