import { type BackendName, backendNames, effectivePercentage, standingOf } from '@sluice/rollout'
import pLimit from 'p-limit'
import { passAbort } from './errors.ts'
import { type Coverage, uniteManifests } from './check/coverage.ts'
import { type Limits, openBudget } from './check/budget.ts'
import { type ManifestState, readManifest } from './check/manifest-state.ts'
import type { Place } from './check/miner-place.ts'
import type { SeenManifests } from './check/manifest-history.ts'
import type { Subnet, SubnetNeuron } from './subnet.ts'
import type { Verdict } from './check/verdict.ts'

/** Where a miner keeps data, judged by its signed manifests that list at least one file. */
export type Usage = BackendName | 'both' | 'neither' | 'unknown'

export const usages: readonly Usage[] = [...backendNames, 'both', 'neither', 'unknown']

export interface MinerUsage {
  readonly uid: number
  readonly hotkey: string
  readonly usage: Usage
  readonly inCohort: boolean
  /** Where the policy wants the data; empty when the policy leaves no place. */
  readonly required: readonly BackendName[]
  /** All required backends have a manifest with files; null when one could not be reached. */
  readonly follows: boolean | null
  /** `valid`: a well-signed manifest, however many files it lists. */
  readonly s3: Verdict
  readonly huggingface: Verdict
  readonly coverage: Coverage
  /** Hours by which a backend's newest partition is behind the other's; null without both. */
  readonly lagHours: { readonly s3: number; readonly huggingface: number } | null
  readonly problems: readonly string[]
}

/** How far a subnet has moved, at one block. */
export interface StorageUsage {
  readonly netuid: number
  readonly block: number
  readonly policyOrigin: string
  /** In force at this block, 0..100. */
  readonly rolloutPercentage: number
  readonly huggingFaceCounts: boolean
  /** Neurons without validator permit, and those with one that keep data. */
  readonly total: number
  readonly counts: Readonly<Record<Usage, number>>
  /** Counts over `total`, 0..1; all 0 in an empty subnet. */
  readonly shares: Readonly<Record<Usage, number>>
  readonly inCohort: number
  readonly miners: readonly MinerUsage[]
  readonly warnings: readonly string[]
}

export interface AdoptionQuery {
  readonly subnet: Subnet
  readonly huggingFaceCounts: boolean
  readonly placesOf: (hotkey: string, subnet: Subnet) => Readonly<Record<BackendName, Place>>
  readonly seen: SeenManifests
  readonly limits: Limits
  /** Miners looked at at the same time. */
  readonly concurrency: number
}

/** Reads both manifests of every miner of a subnet. One miner's faults never fail the sweep. @throws ValidatorError ABORTED */
export async function measureAdoption(query: AdoptionQuery, signal?: AbortSignal): Promise<StorageUsage> {
  const { subnet } = query
  const limit = pLimit(query.concurrency)
  const all = await Promise.all(subnet.neurons.map((neuron) => limit(() => measureMiner(query, neuron, signal))))
  const isMiner = (at: number): boolean => {
    const neuron = subnet.neurons[at] as SubnetNeuron
    const keepsData = !['neither', 'unknown'].includes(all[at]!.usage)
    return keepsData || (!neuron.validatorPermit && neuron.hotkey !== subnet.ownerHotkey)
  }
  const miners = all.filter((_, at) => isMiner(at))
  const count = (usage: Usage): number => miners.filter((miner) => miner.usage === usage).length
  const total = miners.length
  const byUsage = <T>(value: (usage: Usage) => T) =>
    Object.fromEntries(usages.map((usage) => [usage, value(usage)])) as Record<Usage, T>
  return {
    netuid: subnet.netuid,
    block: subnet.block,
    policyOrigin: subnet.snapshot.origin,
    rolloutPercentage: effectivePercentage(subnet.snapshot.policy, subnet.block),
    huggingFaceCounts: query.huggingFaceCounts,
    total,
    counts: byUsage(count),
    shares: byUsage((usage) => (total === 0 ? 0 : count(usage) / total)),
    inCohort: miners.filter((miner) => miner.inCohort).length,
    miners,
    warnings: subnet.snapshot.warnings,
  }
}

async function measureMiner(query: AdoptionQuery, neuron: SubnetNeuron, signal?: AbortSignal): Promise<MinerUsage> {
  passAbort(signal)
  const { subnet, seen, limits } = query
  const { hotkey, uid } = neuron
  const places = query.placesOf(hotkey, subnet)
  const budget = openBudget(limits, limits.manifestMilliseconds, signal)
  try {
    const read = (name: BackendName): Promise<ManifestState> =>
      readManifest({ place: places[name], name, hotkey, netuid: subnet.netuid, seen }, budget.signal, signal)
    const [s3, huggingface] = await Promise.all([read('s3'), read('huggingface')])
    const coverage = uniteManifests(manifestIn(s3), manifestIn(huggingface))
    const { inCohort, required } = standingOf(subnet.snapshot.policy, subnet.netuid, hotkey, subnet.block)
    const held = { s3: holds(s3), huggingface: holds(huggingface) }
    const requiredHeld = required.map((name) => held[name])
    return {
      uid,
      hotkey,
      usage: usageOf(held.s3, held.huggingface),
      inCohort,
      required,
      follows: requiredHeld.includes(null) ? null : required.length > 0 && requiredHeld.every(Boolean),
      s3: verdictOf(s3),
      huggingface: verdictOf(huggingface),
      coverage,
      lagHours: lagOf(coverage),
      problems: [...problemsOf('s3', s3), ...problemsOf('huggingface', huggingface)],
    }
  } finally {
    budget.close()
  }
}

/** Null: could not be reached. */
function holds(state: ManifestState): boolean | null {
  if (state.kind === 'present') return state.manifest.files.length > 0
  return state.finding.verdict === 'unreachable' ? null : false
}

function usageOf(s3: boolean | null, huggingface: boolean | null): Usage {
  if (s3 === null || huggingface === null) return 'unknown'
  if (s3 && huggingface) return 'both'
  if (s3) return 's3'
  return huggingface ? 'huggingface' : 'neither'
}

function lagOf({ newestHour: { s3, huggingface } }: Coverage): MinerUsage['lagHours'] {
  if (s3 === null || huggingface === null) return null
  return { s3: Math.max(0, huggingface - s3), huggingface: Math.max(0, s3 - huggingface) }
}

const verdictOf = (state: ManifestState): Verdict => (state.kind === 'present' ? 'valid' : state.finding.verdict)

const manifestIn = (state: ManifestState) => (state.kind === 'present' ? state.manifest : null)

function problemsOf(name: string, state: ManifestState): readonly string[] {
  if (state.kind === 'present') return state.problems
  const { verdict, reason } = state.finding
  return verdict === 'corrupt' || verdict === 'unreachable' ? [`${name}: ${reason}`] : []
}
