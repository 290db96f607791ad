import { BackendError, type BackendErrorCode } from './errors.ts'

type Meaning = readonly [code: BackendErrorCode, retryable: boolean, advice: string]

const wrongKeys: Meaning = ['UNAUTHORIZED', false, 'Check access key, secret key and session token.']
const slowDown: Meaning = ['THROTTLED', true, 'The store asks for fewer requests; try later.']
const damaged: Meaning = ['CORRUPT', true, 'The content was damaged on its way; try again.']
const unavailable: Meaning = ['UNAVAILABLE', true, 'The store is not available; try again.']
const busy: Meaning = ['CONFLICT', true, 'Somebody else wrote at the same time; try again.']
const full: Meaning = ['NO_SPACE', true, 'The quota of the bucket or account is used up.']

/** Error codes of S3 (AWS "Error Responses" list, radosgw) that say more than their status. */
const byCode: Readonly<Record<string, Meaning>> = {
  InvalidAccessKeyId: wrongKeys,
  SignatureDoesNotMatch: wrongKeys,
  ExpiredToken: wrongKeys,
  InvalidToken: wrongKeys,
  TokenRefreshRequired: wrongKeys,
  AccessDenied: ['FORBIDDEN', false, 'These credentials may not do this in this bucket; ask its owner.'],
  NoSuchBucket: ['NOT_FOUND', false, 'Create the bucket or correct its name.'],
  RequestTimeTooSkewed: ['CLOCK_SKEW', true, 'Set the clock of this machine (NTP).'],
  RequestExpired: ['CLOCK_SKEW', true, 'Set the clock of this machine (NTP).'],
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
  ServiceUnavailable: unavailable,
  PreconditionFailed: busy,
  OperationAborted: busy,
  ConditionalRequestConflict: busy,
  NoSuchUpload: busy,
  QuotaExceeded: full,
  ServiceQuotaExceeded: full,
  InsufficientCapacity: full,
  PermanentRedirect: ['PROTOCOL', false, 'The bucket is in another region; set region or endpoint.'],
  AuthorizationHeaderMalformed: ['PROTOCOL', false, 'The bucket is in another region; set the region.'],
}

const byStatus: Readonly<Record<number, Meaning>> = {
  301: ['PROTOCOL', false, 'The bucket is in another region; set region or endpoint.'],
  401: wrongKeys,
  403: ['FORBIDDEN', false, 'Check the credentials and their rights in this bucket.'],
  408: unavailable,
  409: busy,
  412: busy,
  429: slowDown,
  507: full,
}

/** Failures below HTTP (Node's and the SDK's names): no answer, or a cut one. */
const network =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|TimeoutError|AbortError|ERR_STREAM_PREMATURE_CLOSE)$/

/**
 * Turns any failure of a request into a BackendError; one that is already, also as a cause, passes through.
 * @param what what was tried, such as `put s3://bucket/key`
 */
export function s3Error(what: string, error: unknown): BackendError {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if (BackendError.is(cause)) return cause
  }
  const status = statusOf(error)
  const codes = codesOf(error)
  const [code, retryable, advice] = meaningOf(codes, status)
  const label = [...(status === null ? [] : [`HTTP ${status}`]), ...codes.slice(0, 1)].join(', ') || 'no answer'
  const retryAfterMs = retryAfter(error)
  return new BackendError(code, `Cannot ${what} (${label}). ${advice}`, {
    retryable,
    cause: error,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  })
}

export function statusOf(error: unknown): number | null {
  const metadata = field(error, '$metadata')
  const status = field(metadata, 'httpStatusCode')
  return typeof status === 'number' ? status : null
}

function meaningOf(codes: readonly string[], status: number | null): Meaning {
  for (const code of codes) {
    const known = Object.hasOwn(byCode, code) ? byCode[code] : undefined
    if (known !== undefined) return known
  }
  if (status !== null && Object.hasOwn(byStatus, status)) return byStatus[status] as Meaning
  if (status !== null && status >= 500) return unavailable
  if (codes.some((code) => network.test(code))) return unavailable
  return ['PROTOCOL', status === null || status < 400, 'The store answered something unexpected; check the endpoint.']
}

/** The S3 code, then names of the errors below, as far as they look like a name. */
function codesOf(error: unknown): string[] {
  const codes: string[] = []
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    const inner = cause instanceof AggregateError ? (cause.errors as unknown[]) : []
    for (const source of [cause, ...inner]) {
      for (const value of [field(source, 'Code'), field(source, 'code'), field(source, 'name')]) {
        if (typeof value === 'string' && /^\w{3,60}$/.test(value) && value !== 'Error') codes.push(value)
      }
    }
  }
  return codes
}

/** `Retry-After` in seconds (RFC 9110 10.2.3), at most an hour; the date form is rare for S3 and ignored. */
function retryAfter(error: unknown): number | null {
  const headers = field(field(error, '$response'), 'headers')
  const value = field(headers, 'retry-after')
  if (typeof value !== 'string' || !/^\d{1,6}$/.test(value)) return null
  return Math.min(Number(value), 3600) * 1000
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Record<string, unknown>)[name]
    : undefined
}
