import type { StorageBackend } from '@sluice/backends'

/** All that a validator needs of a backend; keys are relative to the miner's root. */
export type Source = Pick<StorageBackend, 'open'>

/** Where a miner's tree is, or why it cannot be looked at. */
export type Place =
  | {
      readonly kind: 'open'
      readonly backend: Source
      /**
       * What a missing bucket or repository says. The bucket is the owner's, so its absence is no fault of the miner
       * (`unreachable`); the repository is the miner's own (`absent`).
       */
      readonly missingRoot: 'absent' | 'unreachable'
    }
  | {
      /** There can be nothing (`absent`: no pointer, S3 never used), or it cannot be seen from here (`unreachable`). */
      readonly kind: 'closed'
      readonly verdict: 'absent' | 'unreachable'
      readonly reason: string
    }
