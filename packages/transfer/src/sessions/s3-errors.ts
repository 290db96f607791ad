import { TransferError, type TransferErrorCode } from '../errors.ts'
import type { WireReply } from './send.ts'

type Meaning = readonly [code: TransferErrorCode, retryable: boolean, advice: string]

const wrongKeys: Meaning = ['UNAUTHORIZED', false, 'Check access key, secret key and session token.']
const expired: Meaning = ['EXPIRED', true, 'The signed URL is too old; a new one is made.']
const skewed: Meaning = ['CLOCK_SKEW', false, 'Set the clock of this machine (NTP).']
const slowDown: Meaning = ['THROTTLED', true, 'The store asks for fewer requests.']
const damaged: Meaning = ['CORRUPT', true, 'The content was damaged on its way; it must be sent again.']
const unavailable: Meaning = ['UNAVAILABLE', true, 'The store is not available; try again.']
const busy: Meaning = ['CONFLICT', true, 'Somebody else wrote at the same time; try again.']
const full: Meaning = ['NO_SPACE', true, 'The quota of the bucket or account is used up.']
const badPart: Meaning = ['INVALID_PART', true, 'A part is missing or not what was sent.']
const tooLarge: Meaning = ['TOO_LARGE', false, 'The store does not take so many bytes; use other parts.']
const unexpected: Meaning = ['PROTOCOL', true, 'The store answered something unexpected; check the endpoint.']
const elsewhere: Meaning = ['PROTOCOL', false, 'The bucket is in another region; set region or endpoint.']

/** Error codes of S3 (AWS "Error Responses" list, radosgw) that say more than their status. */
const byCode: Readonly<Record<string, Meaning>> = {
  InvalidAccessKeyId: wrongKeys,
  SignatureDoesNotMatch: wrongKeys,
  InvalidToken: wrongKeys,
  TokenRefreshRequired: wrongKeys,
  ExpiredToken: ['UNAUTHORIZED', false, 'The session token is too old; get new credentials.'],
  AccessDenied: ['FORBIDDEN', false, 'These credentials may not do this in this bucket; ask its owner.'],
  RequestExpired: expired,
  RequestTimeTooSkewed: skewed,
  NoSuchBucket: ['NOT_FOUND', false, 'Create the bucket or correct its name.'],
  NoSuchKey: ['NO_SUCH_KEY', false, 'There is no such object.'],
  NoSuchUpload: ['NO_SUCH_UPLOAD', false, 'The upload was completed or aborted; start it again.'],
  InvalidPart: badPart,
  InvalidPartOrder: badPart,
  EntityTooLarge: tooLarge,
  EntityTooSmall: ['PROTOCOL', false, 'The store wants larger parts; set a larger part size.'],
  SlowDown: slowDown,
  Throttling: slowDown,
  ThrottlingException: slowDown,
  RequestLimitExceeded: slowDown,
  TooManyRequests: slowDown,
  BandwidthLimitExceeded: slowDown,
  BadDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  XAmzContentChecksumMismatch: damaged,
  IncompleteBody: unavailable,
  RequestTimeout: unavailable,
  InternalError: unavailable,
  ServiceUnavailable: ['THROTTLED', true, 'The store is overloaded; try again.'],
  PreconditionFailed: busy,
  OperationAborted: busy,
  ConditionalRequestConflict: busy,
  QuotaExceeded: full,
  ServiceQuotaExceeded: full,
  InsufficientCapacity: full,
  PermanentRedirect: elsewhere,
  AuthorizationHeaderMalformed: elsewhere,
}

const byStatus: Readonly<Record<number, Meaning>> = {
  301: elsewhere,
  307: unavailable,
  308: elsewhere,
  400: ['PROTOCOL', false, 'The store does not take this request; check its version and the settings.'],
  401: wrongKeys,
  403: ['FORBIDDEN', false, 'Check the credentials and their rights in this bucket.'],
  404: ['NOT_FOUND', false, 'Check endpoint, bucket and key.'],
  408: unavailable,
  409: busy,
  412: busy,
  413: tooLarge,
  429: slowDown,
  503: slowDown,
  507: full,
}

/** Failures below HTTP (Node's and the SDK's names): no answer, or a cut one. */
const network =
  /^(?:ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|TimeoutError|AbortError|ERR_STREAM_PREMATURE_CLOSE)$/

/**
 * What a failed reply of S3 means.
 * @param what what was tried, such as `send part 3 of models/a.bin`
 * @param status null when there was no reply
 * @param s3Code the `<Code>` of the reply; without a reply, Node's or the SDK's name of the failure
 */
export function s3Failure(
  what: string,
  status: number | null,
  s3Code: string | null,
  more: {
    readonly retryAfterMs?: number | undefined
    readonly cause?: unknown
    /** Where a redirect leads. */
    readonly location?: string | undefined
  } = {},
): TransferError {
  const { retryAfterMs, cause, location } = more
  const [code, retryable, advice] = meaningOf(status, s3Code)
  const place = status !== null && status >= 300 && status < 400 ? placeOf(location) : null
  const label = [status === null ? null : `HTTP ${status}`, s3Code, place === null ? null : `to ${place}`]
  const text = `Cannot ${what} (${label.filter((word) => word !== null).join(', ') || 'no answer'}). ${advice}`
  return new TransferError(code, text, { retryable, retryAfterMs, cause })
}

/** Of a redirect what may be shown: scheme, host and port; another path on the same host has neither. */
function placeOf(location: string | undefined): string | null {
  return location !== undefined && URL.canParse(location) ? new URL(location).origin.slice(0, 120) : null
}

function meaningOf(status: number | null, s3Code: string | null): Meaning {
  const known = s3Code !== null && Object.hasOwn(byCode, s3Code) ? byCode[s3Code] : undefined
  if (known !== undefined) return known
  if (status !== null && Object.hasOwn(byStatus, status)) return byStatus[status] as Meaning
  if (status === null) return network.test(s3Code ?? '') ? unavailable : unexpected
  if (status >= 500) return unavailable
  const [code, , advice] = unexpected
  return [code, status < 400, advice]
}

/** The same for a reply as it came over the wire. @param now milliseconds since 1970 */
export function replyFailure(what: string, { status, headers, text }: WireReply, now: number): TransferError {
  // Some stores say AccessDenied for it.
  const code = /request has expired/i.test(text) ? 'RequestExpired' : s3CodeOf(text)
  const retryAfterMs = retryAfterOf(headers['retry-after'], now)
  return s3Failure(what, status, code, { retryAfterMs, location: headers['location'] })
}

/** The `<Code>` of an S3 error document; null when it is none. */
export function s3CodeOf(text: string): string | null {
  return /<Error\b[^>]*>[\s\S]*?<Code>\s*(\w{1,80})\s*<\/Code>/.exec(text)?.[1] ?? null
}

/** `Retry-After` in seconds or as a date (RFC 9110 10.2.3), at most an hour. */
export function retryAfterOf(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  const ms = /^\d{1,6}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), 3_600_000) : undefined
}
