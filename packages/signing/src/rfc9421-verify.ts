import { type VerifySignature, accountOf } from '@sluice/hotkey'
import { type InnerList, type Item, parseDictionary } from 'structured-headers'
import { SigningError } from './errors.ts'
import type { ReceivedRequest, Signed } from './request.ts'
import { ALGORITHM, contentDigest, coveredComponents, LABEL, serializeInput, signatureBase } from './rfc9421.ts'
import { requireSignature } from './require-signature.ts'
import { requireWithin, type TimeWindow } from './window.ts'

export interface Rfc9421Options {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Default 60 s back, 5 s ahead. */
  readonly window?: TimeWindow
  /** Longest time from `created` to `expires`, seconds; default 300. */
  readonly maxLifetimeSeconds?: number
  readonly verifySignature?: VerifySignature
}

const MAX_HEADER = 2048
const known = new Set(['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'])

/**
 * Verifies a request that `createSigner` signed: every component covered, the digest is that of the body, the time fits
 * on both sides. The caller must still refuse a nonce that this hotkey has used before `validUntil`.
 * @throws SigningError every code but `WRONG_AUDIENCE`
 */
export function verifyRfc9421(request: ReceivedRequest, options: Rfc9421Options): Signed {
  const { now, window = { pastMs: 60_000, futureMs: 5_000 }, maxLifetimeSeconds = 300 } = options
  if (/[^\x21-\x7e]/.test(request.method + request.url)) {
    throw new SigningError('MALFORMED', 'Method and URL must be printable ASCII.')
  }
  const { list, signature } = readHeaders(request)
  const parameters = list[1]
  for (const name of parameters.keys()) if (!known.has(name)) throw malformed(`has an unknown parameter`)
  if (parameters.get('alg') !== ALGORITHM) throw malformed(`does not say alg="${ALGORITHM}"`)
  if (parameters.get('tag') !== LABEL) throw malformed(`does not say tag="${LABEL}"`)
  const nonce = text(parameters.get('nonce'))
  if (!/^[A-Za-z0-9_-]{16,64}$/.test(nonce)) throw malformed('has no nonce of 16 to 64 letters and digits')
  const created = unixSeconds(parameters.get('created'), 'created')
  const expires = unixSeconds(parameters.get('expires'), 'expires')
  if (expires <= created || expires - created > maxLifetimeSeconds) {
    throw malformed(`must expire 1 to ${maxLifetimeSeconds} s after it was created`)
  }
  requireWithin(created * 1000, now, window)
  if (expires * 1000 < now) throw new SigningError('EXPIRED', 'The signature has expired; sign a new one.')

  const { publicKey, address } = accountOf(text(parameters.get('keyid')))
  const digest = requireDigest(request)
  requireComponents(list, digest !== null)
  const components = list[0].map(([name]) => name as string)
  const base = signatureBase({ method: request.method, url: request.url, digest }, components, serializeInput(list))
  requireSignature(base, signature, publicKey, options.verifySignature)
  return {
    scheme: 'rfc9421',
    address,
    publicKey: publicKey.slice(),
    nonce,
    signedAt: created * 1000,
    validUntil: Math.min(created * 1000 + window.pastMs, expires * 1000) + 1,
  }
}

function readHeaders({ headers }: ReceivedRequest): { list: InnerList; signature: Uint8Array } {
  const input = headers['signature-input']
  const signature = headers['signature']
  if (input === undefined || signature === undefined) {
    const what = 'Sign the request: the headers signature-input and signature are missing.'
    throw new SigningError('UNSIGNED', what)
  }
  if (input.length > MAX_HEADER || signature.length > MAX_HEADER) throw malformed('is too long')
  const list = member(input)
  const bytes = member(signature)
  if (!Array.isArray(list[0])) throw malformed('is not a list of components')
  if (!(bytes[0] instanceof ArrayBuffer) || bytes[0].byteLength !== 64) throw malformed('is not 64 bytes long')
  return { list: list as InnerList, signature: new Uint8Array(bytes[0]) }
}

/** Our member of a structured dictionary; those of others, say of a proxy, are not looked at. */
function member(header: string): InnerList | Item {
  let found: InnerList | Item | undefined
  try {
    found = parseDictionary(header).get(LABEL)
  } catch {
    throw malformed('is not a structured field')
  }
  if (found === undefined) throw new SigningError('UNSIGNED', `Sign the request: it has no signature "${LABEL}".`)
  return found
}

/** The digest header once it is that of the body; null for an empty body without one. */
function requireDigest({ headers, body }: ReceivedRequest): string | null {
  const header = headers['content-digest']
  if (body.length === 0 && header === undefined) return null
  if (header === undefined) throw new SigningError('BAD_DIGEST', 'The header content-digest is missing.')
  if (header !== contentDigest(body)) {
    throw new SigningError('BAD_DIGEST', 'content-digest is not the sha-256 of the body that arrived.')
  }
  return header
}

function requireComponents([items]: InnerList, hasBody: boolean): void {
  const names = items.map(([name, parameters]) => (parameters.size === 0 ? name : null))
  const wanted = coveredComponents(hasBody)
  if (names.length !== wanted.length || !wanted.every((name) => names.includes(name))) {
    throw malformed(`must cover exactly ${wanted.join(', ')}`)
  }
}

function unixSeconds(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 1e12) {
    throw malformed(`has no whole number of seconds as ${name}`)
  }
  return value
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const malformed = (what: string): SigningError => new SigningError('MALFORMED', `The signature ${what}.`)
