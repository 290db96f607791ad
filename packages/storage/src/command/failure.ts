import { BackendError } from '@sluice/backends'
import type { ExitKind, Failure } from '@sluice/command-line'
import { DatasetError } from '@sluice/dataset'
import { RolloutError } from '@sluice/rollout'
import { TransferError } from '@sluice/transfer'
import { chainFailure } from '../compose.ts'
import { StorageError, type StorageErrorCode } from '../errors.ts'

const kinds: Readonly<Record<StorageErrorCode, ExitKind>> = {
  DATABASE_MISSING: 'usage',
  DATABASE_CORRUPT: 'refused',
  DATABASE_LOCKED: 'room',
  DATABASE_SCHEMA: 'usage',
  BAD_ROWS: 'refused',
  STATE_LOCKED: 'room',
  STATE_CORRUPT: 'refused',
  STATE_FOREIGN: 'usage',
  STATE_UNWRITABLE: 'usage',
  NO_SPACE: 'room',
  NO_BACKEND: 'usage',
  BAD_FILE: 'usage',
  BAD_SETTINGS: 'usage',
  ABORTED: 'interrupted',
  CLOSED: 'bug',
}

/** Codes of transfers and backends that say how it stands; with any other the answer is no. */
const byCode: Readonly<Record<string, ExitKind>> = {
  BAD_OPTION: 'usage',
  SOURCE_UNREADABLE: 'usage',
  TARGET_UNWRITABLE: 'usage',
  NO_SPACE: 'room',
  CLOCK_SKEW: 'unreachable',
  TOO_SLOW: 'unreachable',
  THROTTLED: 'unreachable',
  TLS: 'unreachable',
  PROXY: 'unreachable',
  UNAVAILABLE: 'unreachable',
  ABORTED: 'interrupted',
}

/** How a transfer ended that failed. */
export function transferKind({ code, resumable }: { readonly code: string; readonly resumable: boolean }): ExitKind {
  return resumable ? 'unfinished' : (byCode[code] ?? 'refused')
}

/** What the errors of this program's packages stand for; null for any other. */
export function failureOf(error: unknown): Failure | null {
  const as = (kind: ExitKind, { code, message }: { code: string; message: string }): Failure => ({
    kind,
    code,
    message,
  })
  if (StorageError.is(error)) return as(kinds[error.code], error)
  if (TransferError.is(error)) return as(transferKind(error), error)
  if (BackendError.is(error)) return as(byCode[error.code] ?? 'refused', error)
  if (DatasetError.is(error) || RolloutError.is(error)) return as('usage', error)
  return chainFailure(error)
}
