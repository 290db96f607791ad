/** Every way a storage backend can fail. */
export type BackendErrorCode =
  | 'BAD_KEY' // the key is empty, absolute, or has `..`, `//`, control or unusual characters
  | 'SOURCE_CHANGED' // the content is not what `bytes` and `sha256` announced
  | 'SOURCE_UNREADABLE' // the local file cannot be read
  | 'UNAUTHORIZED' // credentials or token missing, wrong or expired
  | 'FORBIDDEN' // known, but not allowed
  | 'UNTRUSTED' // an endpoint that must not be called: no https, a private address, not pinned
  | 'NOT_FOUND' // the bucket or repository itself is absent
  | 'RANGE' // the range starts past the end of the object
  | 'CLOCK_SKEW' // the store refuses our clock
  | 'CONFLICT' // somebody else wrote at the same time
  | 'THROTTLED' // 429, 503 SlowDown
  | 'TLS' // the certificate is not trusted, or no TLS is spoken there
  | 'PROXY' // the proxy refuses, or is not there
  | 'UNAVAILABLE' // 5xx, connection refused, reset, time-out
  | 'NO_SPACE' // the disk or quota is full
  | 'CORRUPT' // what is stored is not what was sent
  | 'PROTOCOL' // the store answered something that its protocol does not allow
  | 'ABORTED' // the caller's signal

export interface BackendErrorOptions {
  readonly retryable: boolean
  /** Milliseconds the store asked us to wait, when it said so. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** A failure of a storage backend. The message never holds a secret or a presigned query. */
export class BackendError extends Error {
  override readonly name = 'BackendError'
  readonly code: BackendErrorCode
  /** Whether the same call may succeed later; decided where the reply was read. */
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined

  constructor(code: BackendErrorCode, message: string, options: BackendErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable
    this.retryAfterMs = options.retryAfterMs
  }

  /** Works across copies of this package, where `instanceof` does not. */
  static is(value: unknown): value is BackendError {
    return value instanceof Error && value.name === 'BackendError'
  }
}
