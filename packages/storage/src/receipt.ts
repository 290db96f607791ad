import type { Plan } from '@sluice/rollout'

/** One object that was stored and verified in this call. */
export interface ReceiptCopy {
  readonly backend: string
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly rows: number | null
  /** Name of the source, null for `files/…`. */
  readonly source: string | null
  readonly location: string
}

/** Something that did not work in this call; what it concerns is kept and tried again by the next one. */
export interface FailedAttempt {
  /** Null when it happened on this side: database, disk, chain. */
  readonly backend: string | null
  /** Object, or `source/bucket` of a partition; null when it concerns the whole backend. */
  readonly key: string | null
  readonly code: string
  readonly message: string
  readonly retryable: boolean
}

/** What the originals' `upload_data` returns, one per source and backend. */
export interface SourceMetadata {
  readonly source: string
  /** Rows in files that were stored in this call. */
  readonly rows_uploaded: number
  /** Rows that this backend holds of this source. */
  readonly total_rows: number
  /** ISO 8601, or null when nothing was ever uploaded. */
  readonly last_upload: string | null
  readonly storage_type: string
  readonly bucket?: string
  readonly repo?: string
  readonly miner_hotkey: string
  /** Shared key that decodes the usernames, or null when fields are plain. */
  readonly encoding_key: string | null
}

/** What one call did. */
export interface Receipt {
  readonly plan: Plan
  readonly copies: readonly ReceiptCopy[]
  readonly failedAttempts: readonly FailedAttempt[]
  /** True when every required backend, and every additional one, holds and lists everything that the database holds. */
  readonly complete: boolean
  readonly metadata: readonly SourceMetadata[]
}

/** Any error as a failed attempt. */
export function failedAttempt(backend: string | null, key: string | null, error: unknown): FailedAttempt {
  const { code, retryable, message } = error as { code?: unknown; retryable?: unknown; message?: unknown }
  return {
    backend,
    key,
    code: typeof code === 'string' ? code : 'FAILED',
    message: typeof message === 'string' ? message : String(error),
    retryable: retryable === true,
  }
}
