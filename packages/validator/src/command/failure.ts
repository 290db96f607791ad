import type { ExitKind, Failure } from '@sluice/command-line'
import { chainFailure } from '../compose.ts'
import { ValidatorError, type ValidatorErrorCode } from '../errors.ts'

const kinds: Readonly<Record<ValidatorErrorCode, ExitKind>> = {
  BAD_INPUT: 'usage',
  NOT_REGISTERED: 'key',
  FILE_ABSENT: 'refused',
  SIZE_DIFFERS: 'refused',
  LIMIT: 'unreachable',
  ABORTED: 'interrupted',
}

/** What the errors of this program's packages stand for; null for any other. */
export function failureOf(error: unknown): Failure | null {
  if (ValidatorError.is(error)) return { kind: kinds[error.code], code: error.code, message: error.message }
  return chainFailure(error)
}
