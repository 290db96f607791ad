import { BackendError } from '@sluice/backends'
import { DatasetError } from '@sluice/dataset'
import { ValidatorError } from '../errors.ts'
import type { Verdict } from './verdict.ts'

/** A verdict with the sentence that explains it. */
export interface Finding {
  readonly verdict: Verdict
  readonly reason: string
}

/**
 * What a failure says about a miner's data. Only damaged or forged data is `corrupt`; a fault of network, store or
 * budget is `unreachable`, and so is anything unforeseen: what we do not understand must not count against a miner.
 */
export function findingOf(error: unknown, missingRoot: 'absent' | 'unreachable'): Finding {
  if (BackendError.is(error)) {
    const verdicts: Partial<Record<BackendError['code'], Verdict>> = {
      NOT_FOUND: missingRoot,
      RANGE: 'corrupt',
      BAD_KEY: 'corrupt',
    }
    return { verdict: verdicts[error.code] ?? 'unreachable', reason: error.message }
  }
  if (DatasetError.is(error)) {
    return { verdict: corruptCodes.has(error.code) ? 'corrupt' : 'unreachable', reason: error.message }
  }
  if (ValidatorError.is(error)) {
    const verdicts: Partial<Record<ValidatorError['code'], Verdict>> = {
      FILE_ABSENT: 'absent',
      SIZE_DIFFERS: 'corrupt',
    }
    return { verdict: verdicts[error.code] ?? 'unreachable', reason: error.message }
  }
  return {
    verdict: 'unreachable',
    reason: `unexpected failure: ${error instanceof Error ? error.message : String(error)}`,
  }
}

const corruptCodes: ReadonlySet<string> = new Set([
  'CORRUPT_PARQUET',
  'BAD_MANIFEST',
  'BAD_SIGNATURE',
  'WRONG_MANIFEST',
])
