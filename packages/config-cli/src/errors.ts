import { ChainError, failureKinds } from '@sluice/chain'
import type { ExitKind, Failure } from '@sluice/command-line'
import { HotkeyError } from '@sluice/hotkey'
import { RolloutError } from '@sluice/rollout'

/** Refusals of this program itself. */
export type CliErrorCode =
  | 'BAD_CHANGE' // flags that contradict each other or the policy
  | 'NEEDS_RESHUFFLE' // the change draws a new cohort and --reshuffle is missing
  | 'NEEDS_REPLACE' // the policy on chain is of newer software and --replace is missing

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

const kinds: Readonly<Record<CliErrorCode, ExitKind>> = {
  BAD_CHANGE: 'usage',
  NEEDS_RESHUFFLE: 'refused',
  NEEDS_REPLACE: 'refused',
}

/** What the errors of this program's packages stand for; null for any other. */
export const failureOf = (error: unknown): Failure | null => {
  if (CliError.is(error)) return { kind: kinds[error.code], code: error.code, message: error.message }
  if (ChainError.is(error)) {
    const message = error.code === 'ABORTED' ? 'Interrupted. Nothing was changed.' : error.message
    return { kind: failureKinds[error.code], code: error.code, message }
  }
  if (HotkeyError.is(error)) return { code: error.code, message: error.message, kind: 'usage' }
  if (RolloutError.is(error)) {
    return { kind: error.code === 'DOES_NOT_FIT' ? 'room' : 'usage', code: error.code, message: error.message }
  }
  return null
}
