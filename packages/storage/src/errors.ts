/** Every way the miner's side can fail as a whole. A failed copy is not among them: it is listed in the receipt. */
export type StorageErrorCode =
  | 'DATABASE_MISSING' // the miner's database is not there or cannot be opened
  | 'DATABASE_CORRUPT' // SQLite says that the file is damaged or no database
  | 'DATABASE_LOCKED' // another process holds the database for longer than the busy time-out
  | 'DATABASE_SCHEMA' // table or columns are missing
  | 'BAD_ROWS' // the row source breaks its contract (order, types)
  | 'STATE_LOCKED' // another process works on the same state file
  | 'STATE_CORRUPT' // the state file is damaged
  | 'STATE_FOREIGN' // the state file belongs to another hotkey, netuid or program version
  | 'STATE_UNWRITABLE' // the state file or its folder cannot be written
  | 'NO_SPACE' // the disk is full
  | 'NO_BACKEND' // no backend is left to write to
  | 'BAD_FILE' // the file for uploadFile is missing or its key is not allowed
  | 'BAD_SETTINGS' // a flag, variable or option is missing or wrong
  | 'ABORTED' // the caller's signal
  | 'CLOSED' // the storage was closed

export interface StorageErrorOptions {
  readonly retryable?: boolean
  readonly cause?: unknown
}

/** A failure of the miner's side; the message says what to do next and never holds a secret. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean

  constructor(code: StorageErrorCode, message: string, options: StorageErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
  }

  /** Works across copies of this package, where `instanceof` does not. */
  static is(value: unknown): value is StorageError {
    return value instanceof Error && value.name === 'StorageError'
  }
}

/** The first `code` along the chain of causes that one of the names matches; for `ENOSPC` inside wrapped errors. */
export function causeCode(error: unknown, names: readonly string[]): string | null {
  for (let current: unknown = error, depth = 0; current instanceof Error && depth < 8; depth++) {
    const code = (current as { code?: unknown }).code
    if (typeof code === 'string' && names.includes(code)) return code
    current = current.cause
  }
  return null
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Throws `ABORTED` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new StorageError('ABORTED', 'stopped on request; what is queued is kept for the next run', {
      retryable: true,
      cause: signal.reason,
    })
  }
}
