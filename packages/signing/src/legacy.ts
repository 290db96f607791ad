import { type VerifySignature, addressOf, publicKeyOf } from '@sluice/hotkey'
/** Data Universe's older strings, signed as UTF-8 and sent as hex in the body; times are in seconds. */
import { sha256 } from '@noble/hashes/sha2.js'
import { hex } from '@scure/base'
import { SigningError } from './errors.ts'
import type { Signed } from './request.ts'
import { requireSignature, signatureBytes } from './require-signature.ts'
import { requireWithin, type TimeWindow } from './window.ts'

/** The signed text of each route; times in unix seconds. The last two are of the first prototype's Lambda. */
export const legacyMessages = {
  folderAccess: (coldkey: string, hotkey: string, at: number): string => `s3:data:access:${coldkey}:${hotkey}:${at}`,
  validatorAccess: (at: number): string => `s3:validator:access:${at}`,
  minerAccess: (miner: string, at: number): string => `s3:validator:miner:${miner}:${at}`,
  folderUrls: (hotkey: string, at: number): string => `s3:validator:folders:${hotkey}:${at}`,
  fileUrls: (miner: string, hotkey: string, at: number): string => `s3:validator:files:${miner}:${hotkey}:${at}`,
  prototypeUpload: (hotkey: string, path: string, sha256: string, at: number, expiry: number): string =>
    `${hotkey}:${path}:${sha256}:${at}:${expiry}`,
  prototypeRead: (validator: string, miner: string, at: number, expiry: number): string =>
    `read:${validator}:${miner}:${at}:${expiry}`,
} as const

export interface LegacyRequest {
  /** One of `legacyMessages`. */
  readonly message: string
  /** Hex with or without 0x. */
  readonly signature: string
  /** ss58. */
  readonly hotkey: string
  /** Unix seconds. */
  readonly timestamp: number
  /** Unix seconds, where the route has it. */
  readonly expiry?: number | undefined
}

export interface LegacyOptions {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Default 300 s back, 60 s ahead, as the original. */
  readonly window?: TimeWindow
  readonly verifySignature?: VerifySignature
}

/**
 * Verifies a legacy string. It has no nonce of its own: the digest of the signature is the nonce, since signing is
 * randomised and nobody else can make another signature over the same text.
 * @throws SigningError every code but `UNSIGNED`, `BAD_DIGEST` and `WRONG_AUDIENCE`
 */
export function verifyLegacy(request: LegacyRequest, options: LegacyOptions): Signed {
  const { now, window = { pastMs: 300_000, futureMs: 60_000 } } = options
  const { timestamp, expiry } = request
  if (!Number.isSafeInteger(timestamp) || timestamp < 0 || timestamp > 1e12) {
    throw new SigningError('MALFORMED', 'The timestamp is not a whole number of seconds.')
  }
  requireWithin(timestamp * 1000, now, window)
  if (expiry !== undefined && !(expiry * 1000 >= now)) {
    throw new SigningError('EXPIRED', 'The request has expired; sign a new one.')
  }
  const publicKey = publicKeyOf(request.hotkey)
  const bytes = signatureBytes(request.signature, 'hex')
  requireSignature(new TextEncoder().encode(request.message), bytes, publicKey, options.verifySignature)
  return {
    scheme: 'legacy',
    address: addressOf(publicKey),
    publicKey,
    nonce: hex.encode(sha256(bytes)),
    signedAt: timestamp * 1000,
    validUntil: timestamp * 1000 + window.pastMs + 1,
  }
}
