import type { BackendName, Policy } from '@sluice/rollout'
import type { DatasetCard, StorageBackend } from '@sluice/backends'

/** A backend opened for one miner: keys are relative to the miner's root there. */
export interface Target {
  readonly name: BackendName
  readonly backend: StorageBackend
  /** Names the place and nothing secret; copies in another place do not count. */
  readonly identity: string
  /** Bucket or `namespace/name`, for receipts. */
  readonly place: string
  /** Writes the place's own description of its content, where it has one. @throws BackendError */
  readonly describe?: (card: DatasetCard, signal?: AbortSignal) => Promise<void>
}

/**
 * Opens a backend under a policy.
 * @throws StorageError `NO_BACKEND` when something is missing in the settings (the message says what)
 * @throws BackendError when the place could not be found out, e.g. for a wrong hub token
 */
export type OpenTarget = (name: BackendName, policy: Policy, signal?: AbortSignal) => Promise<Target>
