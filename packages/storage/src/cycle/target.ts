import { backendNames, type Policy } from '@sluice/rollout'
import { StorageError } from '../errors.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { DatasetCard, StorageBackend } from '@sluice/backends'

/** A backend opened for one miner: keys are relative to the miner's root there. */
export interface Target {
  /** `s3`, `huggingface`, or the name of a backend that the miner fills beside the policy's. */
  readonly name: string
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
export type OpenTarget = (name: string, policy: Policy, signal?: AbortSignal) => Promise<Target>

/**
 * Opens the policy's backends and the miner's own beside them.
 * @throws StorageError `BAD_SETTINGS` for a name that is not free, or that no manifest takes
 */
export function openBeside(openTarget: OpenTarget, additional: readonly Target[]): OpenTarget {
  const own = new Map(additional.map((target) => [target.name, target]))
  for (const name of own.keys()) {
    if (/^[a-z][a-z0-9-]{0,31}$/.test(name) && own.size === additional.length && !isPolicys(name)) continue
    const text = `${name} cannot name an additional backend: small letters, digits and dashes, each name once, not ${backendNames.join(' or ')}`
    throw new StorageError('BAD_SETTINGS', text)
  }
  return async (name, policy, signal) => {
    const target = own.get(name)
    if (target !== undefined) return target
    if (isPolicys(name)) return await openTarget(name, policy, signal)
    throw new StorageError('NO_BACKEND', `${name} is not among this miner's additional backends any more`)
  }
}

/** Every backend that the state file knows, the policy's first. */
export function knownNames(outbox: Outbox): readonly string[] {
  const known = outbox.targets.all().map(({ backend }) => backend)
  return [...backendNames, ...known.filter((name) => !isPolicys(name))]
}

const isPolicys = (name: string): boolean => backendNames.some((known) => known === name)
