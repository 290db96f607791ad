import { type Hotkey, type VerifySignature, addressOf, publicKeyOf } from '@sluice/hotkey'
/** X-Tao v2, Data Universe's current scheme: signed are body, nonce and time, not the route. */
import { sha256 } from '@noble/hashes/sha2.js'
import { base64, hex } from '@scure/base'
import { SigningError } from './errors.ts'
import type { ReceivedRequest, Signed } from './request.ts'
import { requireSignature, signatureBytes } from './require-signature.ts'
import { requireWithin, type TimeWindow, wholeNumber } from './window.ts'

export interface TaoOptions {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Default 8 s back (the original's), 2 s ahead (the original has no bound). */
  readonly window?: TimeWindow
  readonly verifySignature?: VerifySignature
}

/** The text that is signed; a request without body signs the empty one. */
export function taoMessage(body: Uint8Array, nonce: string, timestamp: string): string {
  return `${hex.encode(sha256(body))}.${nonce}.${timestamp}`
}

/** @throws SigningError every code but `BAD_DIGEST` and `WRONG_AUDIENCE` */
export function verifyTao(request: Pick<ReceivedRequest, 'headers' | 'body'>, options: TaoOptions): Signed {
  const { headers, body } = request
  const { now, window = { pastMs: 8_000, futureMs: 2_000 } } = options
  const version = headers['x-tao-version']
  const signature = headers['x-tao-signature']
  if (version === undefined || signature === undefined) {
    throw new SigningError('UNSIGNED', 'Sign the request: the X-Tao headers are missing.')
  }
  if (version !== '2') throw new SigningError('MALFORMED', 'X-Tao-Version must be 2.')
  const timestamp = headers['x-tao-timestamp'] ?? ''
  const signedAt = wholeNumber(timestamp, 'X-Tao-Timestamp')
  const nonce = headers['x-tao-nonce'] ?? ''
  if (!/^[0-9A-Za-z-]{8,64}$/.test(nonce)) throw new SigningError('MALFORMED', 'X-Tao-Nonce is not a uuid.')
  requireWithin(signedAt, now, window)
  const publicKey = publicKeyOf(headers['x-tao-signed-by'] ?? '')
  const message = new TextEncoder().encode(taoMessage(body, nonce, timestamp))
  requireSignature(message, signatureBytes(signature, 'hex or base64'), publicKey, options.verifySignature)
  const validUntil = signedAt + window.pastMs + 1
  return { scheme: 'tao-v2', address: addressOf(publicKey), publicKey, nonce, signedAt, validUntil }
}

export interface TaoSignerOptions {
  readonly hotkey: Hotkey
  readonly now?: () => number
  readonly uuid?: () => string
}

/** The headers for a request with this body. */
export async function signTao(body: Uint8Array, options: TaoSignerOptions): Promise<Record<string, string>> {
  const { hotkey, now = Date.now, uuid = () => crypto.randomUUID() } = options
  const timestamp = String(now())
  const nonce = uuid()
  const message = new TextEncoder().encode(taoMessage(body, nonce, timestamp))
  return {
    'x-tao-version': '2',
    'x-tao-timestamp': timestamp,
    'x-tao-nonce': nonce,
    'x-tao-signed-by': hotkey.address,
    'x-tao-signature': base64.encode(await hotkey.sign(message)),
  }
}
