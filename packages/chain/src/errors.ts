/** Every way reading from or writing to the chain, or loading a wallet, can fail. */
export type ChainErrorCode =
  | 'BAD_ENDPOINT' // an endpoint or network name that cannot be used
  | 'UNREACHABLE' // no endpoint answered in time, with the right chain
  | 'WRONG_CHAIN' // endpoints answer, but all of them are another chain
  | 'TIMEOUT' // one call took longer than its deadline
  | 'TLS' // the endpoint's certificate is not trusted, or no TLS is spoken there
  | 'PROXY' // the proxy refuses, or is not there
  | 'DISCONNECTED' // the endpoint went away during a call
  | 'ABORTED' // the caller's signal
  | 'CLOSED' // this Chain was closed
  | 'NODE_ERROR' // the node answered a call with an error
  | 'PROTOCOL' // the node answered something that the protocol or its own metadata does not allow
  | 'UNSUPPORTED_RUNTIME' // the runtime lacks what is needed (no Commitments pallet, no owner hotkey)
  | 'NO_SUBNET' // the netuid does not exist
  | 'WRONG_SIGNER' // not the subnet's owner hotkey
  | 'NOT_REGISTERED' // the hotkey has no UID in the subnet
  | 'DOES_NOT_FIT' // the commitment would be larger than the chain takes
  | 'CHANGED' // the commitment was written since the caller looked; nothing was sent
  | 'NO_SPACE' // this epoch's byte budget is used up
  | 'RATE_LIMITED' // older runtimes: one commitment per so many blocks
  | 'REFUSED' // the node refused the extrinsic; nothing was written
  | 'DISPATCH_FAILED' // the extrinsic is in a block, but the chain refused the call
  | 'NOT_CONFIRMED' // sent, but not seen finalized before the deadline
  | 'OVERWRITTEN' // finalized, but the chain holds another value now
  | 'NO_WALLET' // the keyfile does not exist or cannot be read
  | 'BAD_WALLET' // the keyfile is not one, or an unsupported kind
  | 'PASSWORD_REQUIRED' // the keyfile is encrypted
  | 'BAD_PASSWORD' // the password does not open it
  | 'BAD_KEY_URI' // not a derivation path, mnemonic or 0x seed

export interface ChainErrorOptions {
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable?: boolean
  readonly cause?: unknown
}

/** A failure of this package. The message says what to do next and never holds a secret. */
export class ChainError extends Error {
  override readonly name = 'ChainError'
  readonly code: ChainErrorCode
  readonly retryable: boolean

  constructor(code: ChainErrorCode, message: string, options: ChainErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
  }

  /** Works across copies of this package, where `instanceof` does not. */
  static is(value: unknown): value is ChainError {
    return value instanceof Error && value.name === 'ChainError'
  }
}
