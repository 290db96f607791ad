import { ChainError, type ChainErrorCode } from '@sluice/chain'
import { RolloutError } from '@sluice/rollout'

/** Mistakes and refusals of the command line itself. */
export type CliErrorCode =
  | 'USAGE' // flags that are missing, unknown or contradict each other
  | 'NOT_CONFIRMED' // nobody said yes
  | 'NEEDS_RESHUFFLE' // the change draws a new cohort and --reshuffle is missing
  | 'NEEDS_REPLACE' // the policy on chain is of newer software and --replace is missing
  | 'INTERRUPTED' // Ctrl-C

/** A refusal of this package; nothing was changed. The message says what to do. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  readonly retryable = false

  constructor(code: CliErrorCode, message: string) {
    super(message)
    this.code = code
  }

  /** Works across copies of this package. */
  static is(value: unknown): value is CliError {
    return value instanceof Error && value.name === 'CliError'
  }
}

/** Ctrl-C before anything was sent. */
export const interrupted = (): CliError => new CliError('INTERRUPTED', 'Interrupted. Nothing was changed.')

/** Exit codes, as printed by --help. */
export const exitCodes = {
  done: 0,
  bug: 1,
  usage: 2,
  unconfirmed: 3,
  wallet: 4,
  key: 5,
  space: 6,
  chain: 7,
  write: 8,
  interrupted: 130,
} as const

const byChainCode: Readonly<Record<ChainErrorCode, number>> = {
  BAD_ENDPOINT: exitCodes.usage,
  UNREACHABLE: exitCodes.chain,
  WRONG_CHAIN: exitCodes.chain,
  TIMEOUT: exitCodes.chain,
  DISCONNECTED: exitCodes.chain,
  ABORTED: exitCodes.interrupted,
  CLOSED: exitCodes.chain,
  NODE_ERROR: exitCodes.chain,
  PROTOCOL: exitCodes.chain,
  UNSUPPORTED_RUNTIME: exitCodes.chain,
  NO_SUBNET: exitCodes.chain,
  WRONG_SIGNER: exitCodes.key,
  NOT_REGISTERED: exitCodes.key,
  DOES_NOT_FIT: exitCodes.space,
  CHANGED: exitCodes.unconfirmed,
  NO_SPACE: exitCodes.space,
  RATE_LIMITED: exitCodes.space,
  REFUSED: exitCodes.write,
  DISPATCH_FAILED: exitCodes.write,
  NOT_CONFIRMED: exitCodes.write,
  OVERWRITTEN: exitCodes.write,
  NO_WALLET: exitCodes.wallet,
  BAD_WALLET: exitCodes.wallet,
  PASSWORD_REQUIRED: exitCodes.wallet,
  BAD_PASSWORD: exitCodes.wallet,
  BAD_KEY_URI: exitCodes.wallet,
}

const byCliCode: Readonly<Record<CliErrorCode, number>> = {
  USAGE: exitCodes.usage,
  NOT_CONFIRMED: exitCodes.unconfirmed,
  NEEDS_RESHUFFLE: exitCodes.unconfirmed,
  NEEDS_REPLACE: exitCodes.unconfirmed,
  INTERRUPTED: exitCodes.interrupted,
}

/** What a failed command reports. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly exitCode: number
}

/** Turns whatever was thrown into a plain message and its exit code. */
export const failureOf = (error: unknown): Failure => {
  if (CliError.is(error)) return { code: error.code, message: error.message, exitCode: byCliCode[error.code] }
  if (ChainError.is(error) && error.code === 'ABORTED') return failureOf(interrupted())
  if (ChainError.is(error)) return { code: error.code, message: error.message, exitCode: byChainCode[error.code] }
  if (RolloutError.is(error)) {
    const exitCode = error.code === 'DOES_NOT_FIT' ? exitCodes.space : exitCodes.usage
    return { code: error.code, message: error.message, exitCode }
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return { code: 'UNEXPECTED', message: `Unexpected failure, please report it. ${message}`, exitCode: exitCodes.bug }
}
