/** Every way a signed request can fail to verify, or signing can fail. */
export type SigningErrorCode =
  | 'UNSIGNED' // the scheme's headers are not there
  | 'MALFORMED' // a header, timestamp, nonce or signature that is not of the scheme's form
  | 'BAD_DIGEST' // the body is not the one that was signed
  | 'BAD_SIGNATURE' // the signature is not of this hotkey over this request
  | 'EXPIRED' // signed too long ago, or past its own end
  | 'NOT_YET' // signed in the future
  | 'WRONG_AUDIENCE' // signed for another service

/** A failure of this package. Messages never hold a signature. */
export class SigningError extends Error {
  override readonly name = 'SigningError'
  readonly code: SigningErrorCode

  constructor(code: SigningErrorCode, message: string) {
    super(message)
    this.code = code
  }

  /** Works across copies of this package, where `instanceof` does not. */
  static is(value: unknown): value is SigningError {
    return value instanceof Error && value.name === 'SigningError'
  }
}
