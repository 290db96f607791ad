import { ValidatorError } from '../errors.ts'

/** Exit codes, as printed by --help. */
export const exitCodes = { done: 0, bug: 1, usage: 2, bad: 3, unknown: 4, chain: 7, interrupted: 130 } as const

/** What a failed command reports. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly exitCode: number
}

/** Turns whatever was thrown into a plain message and its exit code. */
export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  if (isChainError(error)) {
    const codes: Readonly<Record<string, number>> = { ABORTED: exitCodes.interrupted, BAD_ENDPOINT: exitCodes.usage }
    return { code: error.code, message, exitCode: codes[error.code] ?? exitCodes.chain }
  }
  if (ValidatorError.is(error)) {
    return { code: error.code, message, exitCode: error.code === 'ABORTED' ? exitCodes.interrupted : exitCodes.usage }
  }
  return { code: 'UNEXPECTED', message, exitCode: exitCodes.bug }
}

/** By name: only compose.ts may import the chain package. */
function isChainError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && error.name === 'ChainError' && 'code' in error && typeof error.code === 'string'
}
