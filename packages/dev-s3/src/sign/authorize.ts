import { timingSafeEqual } from 'node:crypto'
import type { ChunkSigner } from './aws-chunked.ts'
import { S3Error } from '../http/error.ts'
import type { S3Request } from '../http/request.ts'
import { canonicalRequest, hmac, parseAmzDate, type Scope, signingKey, stringToSign } from './signature.ts'

/** How the body of an authorized request is bound to its signature. */
export type PayloadBinding =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'sha256'; readonly hex: string }
  | { readonly kind: 'chunked'; readonly signer: ChunkSigner | null; readonly trailer: boolean }

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** A client's clock may be off by this much, as at AWS and radosgw. */
export const MAX_SKEW_MS: number = 15 * 60 * 1000
const MAX_EXPIRES_SECONDS = 7 * 24 * 3600

interface Claim {
  readonly accessKeyId: string
  readonly scope: Scope
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly date: string
  readonly payload: string
  readonly presigned: boolean
}

/**
 * Verifies the SigV4 signature of a request, in the Authorization header or in the query.
 * @throws S3Error `AccessDenied` (none, malformed, expired, unsigned headers), `InvalidAccessKeyId`,
 * `RequestTimeTooSkewed`, `SignatureDoesNotMatch`
 */
export function authorize(request: S3Request, credentials: Credentials, now: number): PayloadBinding {
  const claim = request.query.has('X-Amz-Algorithm') ? readQueryClaim(request, now) : readHeaderClaim(request, now)
  if (claim.accessKeyId !== credentials.accessKeyId) {
    throw new S3Error('InvalidAccessKeyId', 'The access key id is not known here.')
  }
  requireSignedHeaders(request, claim)
  const canonical = canonicalRequest({
    method: request.method,
    path: request.path,
    query: request.queryPairs.filter(([name]) => name !== 'X-Amz-Signature'),
    headers: request.headers,
    signedHeaders: claim.signedHeaders,
    payload: claim.payload,
  })
  const key = signingKey(credentials.secretAccessKey, claim.scope)
  const expected = hmac(key, stringToSign(claim.date, claim.scope, canonical))
  if (!sameSignature(expected, claim.signature)) {
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The signature does not match; check the secret key and the signed parts.',
    )
  }
  return payloadBinding(claim, key)
}

function readHeaderClaim(request: S3Request, now: number): Claim {
  const header = request.headers['authorization']
  if (header === undefined) throw denied('The request is not signed; anonymous access is off.')
  const match = /^AWS4-HMAC-SHA256 +(.+)$/.exec(header)
  if (match === null) throw new S3Error('InvalidArgument', 'Only AWS4-HMAC-SHA256 is accepted.')
  const fields = new Map(
    (match[1] ?? '').split(',').map((field): [string, string] => {
      const equals = field.indexOf('=')
      return [field.slice(0, equals).trim(), field.slice(equals + 1).trim()]
    }),
  )
  const { accessKeyId, scope } = readCredential(fields.get('Credential') ?? '')
  const date = request.headers['x-amz-date'] ?? ''
  const time = parseAmzDate(date)
  if (Number.isNaN(time) || date.slice(0, 8) !== scope.day) throw denied('X-Amz-Date is missing or not of the scope.')
  if (Math.abs(now - time) > MAX_SKEW_MS) throw skewed()
  const payload = request.headers['x-amz-content-sha256']
  if (payload === undefined) throw new S3Error('InvalidRequest', 'The header x-amz-content-sha256 is missing.')
  const signedHeaders = readSignedHeaders(fields.get('SignedHeaders'))
  return {
    accessKeyId,
    scope,
    signedHeaders,
    signature: fields.get('Signature') ?? '',
    date,
    payload,
    presigned: false,
  }
}

function readQueryClaim(request: S3Request, now: number): Claim {
  const { query } = request
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') throw denied('X-Amz-Algorithm must be AWS4-HMAC-SHA256.')
  const { accessKeyId, scope } = readCredential(query.get('X-Amz-Credential') ?? '')
  const date = query.get('X-Amz-Date') ?? ''
  const time = parseAmzDate(date)
  if (Number.isNaN(time) || date.slice(0, 8) !== scope.day) throw denied('X-Amz-Date is missing or not of the scope.')
  const expires = /^\d{1,7}$/.test(query.get('X-Amz-Expires') ?? '') ? Number(query.get('X-Amz-Expires')) : Number.NaN
  if (!(expires >= 1 && expires <= MAX_EXPIRES_SECONDS)) throw denied('X-Amz-Expires must be 1 to 604800 seconds.')
  if (time - now > MAX_SKEW_MS) throw skewed()
  if (now > time + expires * 1000) throw denied('The presigned request has expired.')
  const payload = request.headers['x-amz-content-sha256'] ?? query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD'
  const signedHeaders = readSignedHeaders(query.get('X-Amz-SignedHeaders'))
  const signature = query.get('X-Amz-Signature') ?? ''
  return { accessKeyId, scope, signedHeaders, signature, date, payload, presigned: true }
}

/** `AKID/20260101/us-east-1/s3/aws4_request`; also used by POST policies. */
export function readCredential(text: string): { accessKeyId: string; scope: Scope } {
  const parts = text.split('/')
  const [service, end] = parts.slice(-2)
  const [accessKeyId, day, region] = [parts.slice(0, -4).join('/'), parts.at(-4), parts.at(-3)]
  if (parts.length < 5 || service !== 's3' || end !== 'aws4_request' || !/^\d{8}$/.test(day ?? '')) {
    throw denied('The credential scope must be KEY/YYYYMMDD/REGION/s3/aws4_request.')
  }
  return { accessKeyId, scope: { day: day ?? '', region: region ?? '', service: 's3' } }
}

/** Compares in constant time; a malformed signature is simply another one. */
export function sameSignature(expected: Uint8Array, givenHex: string): boolean {
  return /^[0-9a-f]{64}$/.test(givenHex) && timingSafeEqual(expected, Buffer.from(givenHex, 'hex'))
}

function readSignedHeaders(text: string | undefined): string[] {
  const names = (text ?? '').split(';').filter((name) => name !== '')
  if (!names.includes('host')) throw denied('The host header must be signed.')
  return names
}

/** Unsigned `content-type` or `x-amz-*` headers would let a third party change what is stored. */
function requireSignedHeaders(request: S3Request, claim: Claim): void {
  for (const name of Object.keys(request.headers)) {
    const mustBeSigned = name === 'content-type' || name.startsWith('x-amz-')
    if (!mustBeSigned || (claim.presigned && name === 'x-amz-content-sha256')) continue
    if (!claim.signedHeaders.includes(name)) throw denied(`The header ${name} is sent but not signed.`)
  }
  for (const name of claim.signedHeaders) {
    if (request.headers[name] === undefined) throw denied(`The header ${name} is signed but not sent.`)
  }
}

function payloadBinding(claim: Claim, key: Uint8Array): PayloadBinding {
  const signer = { signingKey: key, scope: claim.scope, date: claim.date, seed: claim.signature }
  switch (claim.payload) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'chunked', signer, trailer: false }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'chunked', signer, trailer: true }
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunked', signer: null, trailer: true }
    default:
      if (/^[0-9a-f]{64}$/.test(claim.payload)) return { kind: 'sha256', hex: claim.payload }
      throw new S3Error('InvalidArgument', 'x-amz-content-sha256 must be a SHA-256 in hex or a known keyword.')
  }
}

function denied(message: string): S3Error {
  return new S3Error('AccessDenied', message)
}

function skewed(): S3Error {
  return new S3Error('RequestTimeTooSkewed', 'The clocks of client and server differ by more than 15 minutes.')
}
