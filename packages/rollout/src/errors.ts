/** Why a policy or a commitment was refused. */
export type RolloutErrorCode = 'BAD_POLICY' | 'BAD_REPOSITORY' | 'DOES_NOT_FIT' | 'NO_BACKEND'

const MARKER = Symbol.for('@sluice/rollout.RolloutError')

/** Every error of this package; the message says what to do next. Nothing here is worth a retry: the input is wrong. */
export class RolloutError extends Error {
  override readonly name = 'RolloutError'
  readonly code: RolloutErrorCode
  readonly retryable = false

  constructor(code: RolloutErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, MARKER, { value: true })
  }

  /** True for a RolloutError of any copy of this package. */
  static is(value: unknown): value is RolloutError {
    return typeof value === 'object' && value !== null && MARKER in value
  }
}
