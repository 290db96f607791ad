import { decide, membership, type Policy, type PolicySnapshot, RolloutError } from '@sluice/rollout'
import type { Chain } from '../chain.ts'
import { readMetagraph } from './metagraph.ts'
import type { PolicySource } from './policy-source.ts'

/** What a subnet's policy means for one registered hotkey. */
export interface Standing {
  /** ss58, prefix 42. */
  readonly hotkey: string
  readonly uid: number
  readonly validatorPermit: boolean
  /** In rao; null where the runtime does not tell. */
  readonly stake: bigint | null
  /** Whether S3 must come to hold this hotkey's data. */
  readonly inCohort: boolean
  /** Excluded by name. */
  readonly excluded: boolean
  /** One sentence: why in or out. */
  readonly reason: string
}

/** Everybody in a subnet at one finalized block. */
export interface Standings {
  readonly block: number
  readonly blockHash: string
  /** Null when the subnet never had a policy; then nobody is in the cohort. */
  readonly snapshot: PolicySnapshot | null
  readonly neurons: readonly Standing[]
}

/**
 * Metagraph and policy together, for a service that has to know who may write.
 * @throws ChainError as `readMetagraph`; an unreadable policy is the last good one, or none
 */
export async function readStandings(
  chain: Chain,
  netuid: number,
  policies: PolicySource,
  signal?: AbortSignal,
): Promise<Standings> {
  const snapshot = await policies.read(signal)
  const { block, blockHash, neurons } = await readMetagraph(chain, netuid, signal)
  const standings = neurons.map(({ hotkey, uid, validatorPermit, stake }) => {
    return { hotkey, uid, validatorPermit, stake, ...cohort(snapshot?.policy ?? null, netuid, hotkey, block) }
  })
  return { block, blockHash, snapshot, neurons: standings }
}

function cohort(
  policy: Policy | null,
  netuid: number,
  hotkey: string,
  block: number,
): Pick<Standing, 'inCohort' | 'excluded' | 'reason'> {
  const none = { inCohort: false, excluded: false }
  if (policy === null) return { ...none, reason: `The owner of subnet ${netuid} has published no storage policy.` }
  try {
    const { required, reason } = decide(policy, netuid, hotkey, block)
    const excluded = membership(policy, netuid, hotkey, block).because === 'excluded'
    return { inCohort: required.includes('s3'), excluded, reason }
  } catch (error) {
    if (error instanceof RolloutError) return { ...none, reason: error.message }
    throw error
  }
}
