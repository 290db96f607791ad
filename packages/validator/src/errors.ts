/** Every way this package itself can fail; faults of backends and chain keep their own classes. */
export type ValidatorErrorCode =
  | 'BAD_INPUT' // an entity, a flag or a file given by the caller is malformed
  | 'NOT_REGISTERED' // the hotkey has no UID in the subnet
  | 'FILE_ABSENT' // the manifest names a file that is not there
  | 'SIZE_DIFFERS' // a file has another size than its manifest says
  | 'LIMIT' // the byte or time budget of a miner is used up
  | 'ABORTED' // the caller's signal

/** A failure of the validator. The message never holds a secret. */
export class ValidatorError extends Error {
  override readonly name = 'ValidatorError'
  readonly code: ValidatorErrorCode

  constructor(code: ValidatorErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }

  /** Works across copies of this package, where `instanceof` does not. */
  static is(value: unknown): value is ValidatorError {
    return value instanceof Error && value.name === 'ValidatorError'
  }
}

/** Rethrows as ABORTED when it was the caller who stopped; a passed deadline is not. @throws ValidatorError ABORTED */
export function passAbort(signal: AbortSignal | undefined, cause?: unknown): void {
  if (signal?.aborted) throw new ValidatorError('ABORTED', 'Stopped by the caller.', cause)
}
