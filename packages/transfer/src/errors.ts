/** Every way a transfer can fail. */
export type TransferErrorCode =
  | 'BAD_OPTION' // key, part size, budget or another setting is impossible
  | 'TOO_LARGE' // more bytes than the store, 10,000 parts or the part size allow
  | 'SOURCE_UNREADABLE' // the local file, blob or stream cannot be read
  | 'SOURCE_CHANGED' // size, modification time or inode changed, or it ended early
  | 'SOURCE_MISMATCH' // the bytes are not those of the announced SHA-256
  | 'TARGET_UNWRITABLE' // the place a download goes to cannot be written
  | 'UNAUTHORIZED' // credentials or request signature missing, wrong or refused
  | 'FORBIDDEN' // known, but not allowed
  | 'EXPIRED' // a signed URL is too old; a new one is asked for
  | 'CLOCK_SKEW' // the other side refuses our clock
  | 'NOT_FOUND' // the bucket or the service itself is absent
  | 'NO_SUCH_KEY' // no object under this key
  | 'NO_SUCH_UPLOAD' // the upload was completed, aborted or never existed
  | 'INVALID_PART' // Complete does not know a part, or its checksum
  | 'TOO_SLOW' // nothing moved for the deadline; the socket was cut
  | 'THROTTLED' // 429, 503 SlowDown
  | 'TLS' // the certificate is not trusted, or no TLS is spoken there
  | 'PROXY' // the proxy refuses, or is not there
  | 'UNAVAILABLE' // 5xx, connection refused or reset
  | 'NO_SPACE' // the quota or the local disk is full
  | 'CONFLICT' // somebody else wrote at the same time, or holds this upload
  | 'CORRUPT' // what is stored or came is not what was sent
  | 'PROTOCOL' // the other side answered something its protocol does not allow
  | 'JOURNAL' // the journal cannot be read or written
  | 'ABORTED' // the caller's signal

export interface TransferErrorOptions {
  readonly retryable: boolean
  /** Whether the same call, also of a later process, goes on where this one ended. */
  readonly resumable?: boolean
  /** Milliseconds the other side asked us to wait, when it said so. */
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

/** A failure of a transfer. The message never holds a secret or a presigned query. */
export class TransferError extends Error {
  override readonly name = 'TransferError'
  readonly code: TransferErrorCode
  /** Whether the same call may succeed later; decided where the reply was read. */
  readonly retryable: boolean
  /** Whether parts are kept on the server and the next call with the same key and source continues. */
  readonly resumable: boolean
  readonly retryAfterMs: number | undefined
  /** Set once all attempts were in vain: whoever retries around it does not multiply them. */
  exhausted = false

  constructor(code: TransferErrorCode, message: string, options: TransferErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable
    this.resumable = options.resumable ?? false
    this.retryAfterMs = options.retryAfterMs
  }

  /** Works across copies of this package, where `instanceof` does not. */
  static is(value: unknown): value is TransferError {
    return value instanceof Error && value.name === 'TransferError'
  }
}

/** @throws TransferError `ABORTED` when the signal was given */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortedError(signal.reason)
}

export function abortedError(cause: unknown): TransferError {
  return new TransferError('ABORTED', 'Stopped by the caller.', { retryable: true, cause })
}

/** The same failure, with the knowledge whether the upload can go on later. */
export function withResumable(error: TransferError, resumable: boolean): TransferError {
  const { code, message, retryable, retryAfterMs, cause, exhausted } = error
  return Object.assign(new TransferError(code, message, { retryable, resumable, retryAfterMs, cause }), { exhausted })
}
