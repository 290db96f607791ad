/** Every way this package can fail. */
export type DatasetErrorCode =
  | 'BAD_KEY' // a key, path or partition number outside its range
  | 'BAD_ROW' // a row of another source or hour, or larger than the format allows
  | 'NOT_SORTED' // rows did not come in the order of their uri_digest
  | 'WRONG_SHARE' // a row belongs into another share of the partition
  | 'BAD_ENCODING_KEY' // not a Fernet key (32 bytes, base64url)
  | 'BAD_TOKEN' // not a Fernet token of this key
  | 'NO_SPACE' // the disk or quota is full
  | 'IO' // the disk failed in another way
  | 'SHORT_READ' // a ByteReader gave another number of bytes than was asked for
  | 'CORRUPT_PARQUET' // not a file of this package, damaged, or beyond the reader's limits
  | 'BAD_MANIFEST' // the manifest is malformed, too large or not canonical
  | 'MANIFEST_TOO_LARGE' // more files than the largest manifest can list; it is not written
  | 'BAD_SIGNATURE' // the manifest is not signed by the hotkey
  | 'WRONG_MANIFEST' // well signed, but for another hotkey, netuid or backend
  | 'ABORTED' // the caller's signal

const RETRYABLE: ReadonlySet<DatasetErrorCode> = new Set(['NO_SPACE', 'IO', 'SHORT_READ', 'ABORTED'])

/** A failure of this package. The message never holds a key or the content of a row. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError'
  readonly code: DatasetErrorCode
  /** Whether the same call may succeed later without a change of its arguments. */
  readonly retryable: boolean

  constructor(code: DatasetErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.retryable = RETRYABLE.has(code)
  }

  /** Works across copies of this package, where `instanceof` does not. */
  static is(value: unknown): value is DatasetError {
    return value instanceof Error && value.name === 'DatasetError'
  }
}

/** Throws `ABORTED` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new DatasetError('ABORTED', 'the call was aborted by its caller; call again to continue', signal.reason)
  }
}
