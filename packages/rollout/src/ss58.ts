import { blake2b } from '@noble/hashes/blake2.js'
import { base58 } from '@scure/base'
import { RolloutError } from './errors.ts'

/** Bittensor's (and generic Substrate's) address prefix. */
const BITTENSOR_PREFIX = 42
/** 2 prefix bytes + 32 key bytes + 2 checksum bytes are at most 50 characters; the bound keeps base58 from running long. */
const MAX_LENGTH = 52
const CONTEXT = new TextEncoder().encode('SS58PRE')

const checksum = (body: Uint8Array): Uint8Array => {
  const input = new Uint8Array(CONTEXT.length + body.length)
  input.set(CONTEXT)
  input.set(body, CONTEXT.length)
  return blake2b(input, { dkLen: 64 }).subarray(0, 2)
}

const refuse = (ss58: unknown, why: string): RolloutError => {
  const shown = typeof ss58 === 'string' ? ss58.replace(/[^\x21-\x7e]/g, '?').slice(0, MAX_LENGTH) : typeof ss58
  return new RolloutError('BAD_HOTKEY', `"${shown}" is not a hotkey: ${why}. Give the ss58 address of an account.`)
}

/**
 * The 32-byte public key of an ss58 address with any prefix; the checksum is verified.
 * Format: Substrate's SS58 (one or two prefix bytes, key, first two bytes of blake2b-512("SS58PRE" || prefix || key)).
 * @throws RolloutError `BAD_HOTKEY`
 */
export const publicKeyOf = (ss58: string): Uint8Array => {
  if (typeof ss58 !== 'string' || ss58.length === 0 || ss58.length > MAX_LENGTH) throw refuse(ss58, 'wrong length')
  let decoded: Uint8Array
  try {
    decoded = base58.decode(ss58)
  } catch {
    throw refuse(ss58, 'it is not base58')
  }
  const first = decoded[0] ?? 255
  // Bit 6 announces a two-byte prefix; bit 7 is reserved.
  if (first > 127) throw refuse(ss58, 'its prefix is reserved')
  const prefixLength = first & 0x40 ? 2 : 1
  if (decoded.length !== prefixLength + 34) throw refuse(ss58, 'it does not hold a 32-byte key')
  const expected = checksum(decoded.subarray(0, -2))
  if (decoded.at(-2) !== expected[0] || decoded.at(-1) !== expected[1]) throw refuse(ss58, 'its checksum is wrong')
  return decoded.slice(prefixLength, prefixLength + 32)
}

/** The ss58 address of a 32-byte public key with Bittensor's prefix 42. */
export const addressOf = (publicKey: Uint8Array): string => {
  if (publicKey.length !== 32) throw new RolloutError('BAD_HOTKEY', 'A public key has 32 bytes.')
  const body = new Uint8Array(33)
  body[0] = BITTENSOR_PREFIX
  body.set(publicKey, 1)
  const full = new Uint8Array(35)
  full.set(body)
  full.set(checksum(body), 33)
  return base58.encode(full)
}
