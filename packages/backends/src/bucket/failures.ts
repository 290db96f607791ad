import { TransferError, type TransferErrorCode } from '@sluice/transfer'
import { untrustedCause } from '../trust/endpoint-trust.ts'
import { BackendError, type BackendErrorCode } from '../port/errors.ts'

/** What the failures of a transfer are called here. */
const codes: Readonly<Record<TransferErrorCode, BackendErrorCode>> = {
  BAD_OPTION: 'PROTOCOL',
  TOO_LARGE: 'PROTOCOL',
  SOURCE_UNREADABLE: 'SOURCE_UNREADABLE',
  SOURCE_CHANGED: 'SOURCE_CHANGED',
  SOURCE_MISMATCH: 'SOURCE_CHANGED',
  TARGET_UNWRITABLE: 'NO_SPACE',
  UNAUTHORIZED: 'UNAUTHORIZED',
  FORBIDDEN: 'FORBIDDEN',
  EXPIRED: 'UNAUTHORIZED',
  CLOCK_SKEW: 'CLOCK_SKEW',
  NOT_FOUND: 'NOT_FOUND',
  NO_SUCH_KEY: 'NOT_FOUND',
  NO_SUCH_UPLOAD: 'CONFLICT',
  INVALID_PART: 'CONFLICT',
  TOO_SLOW: 'UNAVAILABLE',
  THROTTLED: 'THROTTLED',
  TLS: 'TLS',
  PROXY: 'PROXY',
  UNAVAILABLE: 'UNAVAILABLE',
  NO_SPACE: 'NO_SPACE',
  CONFLICT: 'CONFLICT',
  CORRUPT: 'CORRUPT',
  PROTOCOL: 'PROTOCOL',
  JOURNAL: 'UNAVAILABLE',
  ABORTED: 'ABORTED',
}

/**
 * Any failure of a transfer or of its sessions as a BackendError; one that is already, also as a cause, passes through.
 * @param what what was tried, such as `put s3://bucket/key`
 */
export function transferFailure(what: string, error: unknown): BackendError {
  const refused = untrustedCause(error)
  if (refused !== null) return refused
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if (BackendError.is(cause)) return cause
  }
  if (!TransferError.is(error)) {
    const text = `Cannot ${what}: an unexpected failure. Please report it.`
    return new BackendError('PROTOCOL', text, { retryable: true, cause: error })
  }
  const { code, retryable, retryAfterMs, message } = error
  // Waiting cures these two; the engine itself gives them up, since it cannot.
  const mayPass = code === 'CLOCK_SKEW' || code === 'NO_SUCH_UPLOAD'
  return new BackendError(codes[code], message, {
    retryable: retryable || mayPass,
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}
