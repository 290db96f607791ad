/** Why something was not taken for a hotkey. */
export type HotkeyErrorCode = 'BAD_HOTKEY' // not the ss58 address, or not the public key, of an account

const MARKER = Symbol.for('@sluice/hotkey.HotkeyError')

/** The one error of this package. Nothing here is worth a retry: the input is wrong. */
export class HotkeyError extends Error {
  override readonly name = 'HotkeyError'
  readonly code: HotkeyErrorCode = 'BAD_HOTKEY'
  readonly retryable = false

  constructor(message: string) {
    super(message)
    Object.defineProperty(this, MARKER, { value: true })
  }

  /** True for a HotkeyError of any copy of this package. */
  static is(value: unknown): value is HotkeyError {
    return typeof value === 'object' && value !== null && MARKER in value
  }
}
