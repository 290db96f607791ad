import { type Hotkey, type VerifySignature, addressOf, isSameHotkey, publicKeyOf } from '@sluice/hotkey'
/** Epistula v2 as IOTA's orchestrator and miners use it: signed are body, uuid, time and audience, not the route. */
import { sha256 } from '@noble/hashes/sha2.js'
import { hex } from '@scure/base'
import { SigningError } from './errors.ts'
import { pythonJson } from './python-json.ts'
import type { ReceivedRequest, Signed } from './request.ts'
import { requireSignature, signatureBytes } from './require-signature.ts'
import { requireWithin, type TimeWindow, wholeNumber } from './window.ts'

export interface EpistulaOptions {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Default 10 s back (the original's setting), 2 s ahead. */
  readonly window?: TimeWindow
  /** This service's hotkey; without one, a request that names any service in `Epistula-Signed-For` is refused. */
  readonly audience?: string | undefined
  /** Members that the original's request model adds before it hashes, with their defaults. */
  readonly defaults?: Readonly<Record<string, unknown>>
  readonly verifySignature?: VerifySignature
}

/** The text that is signed. `uuid` null: the later form without one. */
export function epistulaMessage(body: Uint8Array, uuid: string | null, timestamp: string, signedFor = ''): string {
  const parts = [hex.encode(sha256(body)), ...(uuid === null ? [] : [uuid]), timestamp, signedFor]
  return parts.join('.')
}

/**
 * Verifies the headers over the body: its raw bytes, or the body written anew as Python's sorted JSON (with `defaults`),
 * which is what the original's client signs whatever it sends.
 * @throws SigningError every code but `BAD_DIGEST`
 */
export function verifyEpistula(request: Pick<ReceivedRequest, 'headers' | 'body'>, options: EpistulaOptions): Signed {
  const { headers, body } = request
  const { now, window = { pastMs: 10_000, futureMs: 2_000 }, audience } = options
  const version = headers['epistula-version']
  const signature = headers['epistula-request-signature']
  if (version === undefined || signature === undefined) {
    throw new SigningError('UNSIGNED', 'Sign the request: the Epistula headers are missing.')
  }
  if (version !== '2') throw new SigningError('MALFORMED', 'Epistula-Version must be 2.')
  const timestamp = headers['epistula-timestamp'] ?? ''
  const signedAt = wholeNumber(timestamp, 'Epistula-Timestamp')
  const uuid = headers['epistula-uuid'] ?? null
  if (uuid !== null && !/^[0-9A-Za-z-]{8,64}$/.test(uuid)) {
    throw new SigningError('MALFORMED', 'Epistula-Uuid is not a uuid.')
  }
  requireWithin(signedAt, now, window)
  const publicKey = publicKeyOf(headers['epistula-signed-by'] ?? '')
  const signedFor = headers['epistula-signed-for'] ?? ''
  if (signedFor !== '' && (audience === undefined || !isSameHotkey(signedFor, audience))) {
    throw new SigningError('WRONG_AUDIENCE', 'The request was signed for another service.')
  }
  const bytes = signatureBytes(signature, 'hex')
  const candidates = bodiesOf(body, options.defaults ?? {})
  for (const [index, candidate] of candidates.entries()) {
    const message = new TextEncoder().encode(epistulaMessage(candidate, uuid, timestamp, signedFor))
    try {
      requireSignature(message, bytes, publicKey, options.verifySignature)
      break
    } catch (error) {
      if (index === candidates.length - 1) throw error
    }
  }
  return {
    scheme: 'epistula-v2',
    address: addressOf(publicKey),
    publicKey,
    // The uuid is signed, so it is as good as the signature; requests without one have only the signature.
    nonce: uuid ?? hex.encode(sha256(bytes)),
    signedAt,
    validUntil: signedAt + window.pastMs + 1,
  }
}

/** The bytes that may have been signed, each once. */
function bodiesOf(body: Uint8Array, defaults: Readonly<Record<string, unknown>>): readonly Uint8Array[] {
  const utf8 = new TextEncoder()
  const texts = new Set<string>()
  try {
    const parsed: unknown = body.length === 0 ? {} : JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      const filled = { ...defaults, ...parsed }
      if (Object.keys(filled).length > Object.keys(parsed).length) texts.add(pythonJson(filled))
    }
    texts.add(pythonJson(parsed))
  } catch {
    // No JSON: only the raw bytes can have been signed.
  }
  return [...[...texts].map((text) => utf8.encode(text)), body]
}

export interface EpistulaSignerOptions {
  readonly hotkey: Hotkey
  readonly now?: () => number
  readonly uuid?: () => string
  readonly signedFor?: string
}

/** Headers that sign the body as it is given, which must be what the server hashes. */
export async function signEpistula(body: Uint8Array, options: EpistulaSignerOptions): Promise<Record<string, string>> {
  const { hotkey, now = Date.now, uuid = () => crypto.randomUUID(), signedFor } = options
  const timestamp = String(now())
  const id = uuid()
  const message = new TextEncoder().encode(epistulaMessage(body, id, timestamp, signedFor))
  return {
    'epistula-version': '2',
    'epistula-timestamp': timestamp,
    'epistula-uuid': id,
    'epistula-signed-by': hotkey.address,
    'epistula-request-signature': `0x${hex.encode(await hotkey.sign(message))}`,
    ...(signedFor === undefined ? {} : { 'epistula-signed-for': signedFor }),
  }
}
