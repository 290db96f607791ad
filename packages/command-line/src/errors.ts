import type { ExitKind } from './exit-codes.ts'

/** Refusals of the frame itself. */
export type CommandErrorCode =
  | 'USAGE' // flags or variables that are missing, unknown, wrong or contradict each other
  | 'NOT_CONFIRMED' // nobody said yes
  | 'PASSWORD_REQUIRED' // the wallet is encrypted and nobody can be asked
  | 'INTERRUPTED' // Ctrl-C at a question

/** A refusal before anything was done; the message says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: CommandErrorCode
  readonly retryable = false

  constructor(code: CommandErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }

  /** Works across copies of this package. */
  static is(value: unknown): value is CommandError {
    return value instanceof Error && value.name === 'CommandError'
  }
}

/** A value that a reader refuses; the sentence goes on after the flag's name: "must be true or false". */
export class BadValue extends Error {
  override readonly name = 'BadValue'
}

/** What a failed command reports. */
export interface Failure {
  readonly kind: ExitKind
  readonly code: string
  readonly message: string
}

const kinds: Readonly<Record<CommandErrorCode, ExitKind>> = {
  USAGE: 'usage',
  NOT_CONFIRMED: 'refused',
  PASSWORD_REQUIRED: 'wallet',
  INTERRUPTED: 'interrupted',
}

/** The failure that any error stands for; one that nobody knows is a bug. */
export function failureOf(error: unknown, known: (error: unknown) => Failure | null): Failure {
  if (CommandError.is(error)) return { kind: kinds[error.code], code: error.code, message: error.message }
  const found = known(error)
  if (found !== null) return found
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
  return { kind: 'bug', code: 'UNEXPECTED', message: `Unexpected failure, please report it. ${name}: ${message}` }
}
