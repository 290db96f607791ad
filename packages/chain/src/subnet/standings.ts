import { type PolicySnapshot, type Standing, standingOf } from '@sluice/rollout'
import type { Chain } from '../chain.ts'
import { readMetagraph } from './metagraph.ts'
import type { Neuron } from './neuron.ts'
import type { PolicySource } from './policy-source.ts'

/** A registered hotkey and what the subnet's policy means for it. */
export interface NeuronStanding extends Neuron {
  readonly standing: Standing
}

/** Everybody in a subnet at one finalized block. */
export interface Standings {
  readonly block: number
  readonly blockHash: string
  /** Null when the subnet never had a policy; then nobody is in the cohort. */
  readonly snapshot: PolicySnapshot | null
  readonly neurons: readonly NeuronStanding[]
}

/**
 * Metagraph and policy together, both as of one finalized block, for a service that has to know who may write.
 * @throws ChainError as `readMetagraph`; an unreadable policy is the last good one, or none
 */
export async function readStandings(
  chain: Chain,
  netuid: number,
  policies: PolicySource,
  signal?: AbortSignal,
): Promise<Standings> {
  const { block, blockHash, neurons } = await readMetagraph(chain, netuid, signal)
  const snapshot = await policies.read(signal, blockHash)
  const policy = snapshot?.policy ?? null
  const standings = neurons.map((neuron) => {
    return { ...neuron, standing: standingOf(policy, netuid, neuron.hotkey, block) }
  })
  return { block, blockHash, snapshot, neurons: standings }
}
