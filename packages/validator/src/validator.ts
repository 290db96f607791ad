import type { BackendName } from '@sluice/rollout'
import { measureAdoption, type StorageUsage } from './adoption.ts'
import { type Entity, readEntities } from './check/entity.ts'
import { ValidatorError } from './errors.ts'
import { defaultLimits, type Limits } from './check/budget.ts'
import type { Place } from './check/miner-place.ts'
import type { SeenManifests } from './check/manifest-history.ts'
import { huggingFaceCounts, type Subnet } from './subnet.ts'
import { type MinerReport, validateMiner } from './check/validate-miner.ts'

export interface CheckOptions {
  readonly signal?: AbortSignal
}

/** Judges miners and watches the subnet. */
export interface Validator {
  /**
   * Checks URIs of one miner in both backends. Faults of stores are verdicts, not errors.
   * @throws ValidatorError BAD_INPUT, NOT_REGISTERED, ABORTED; ChainError when the chain cannot be read
   */
  validateMinerData(hotkey: string, entities: readonly Entity[], options?: CheckOptions): Promise<MinerReport>
  /**
   * Who keeps data where, over all miners of the subnet.
   * @throws ValidatorError ABORTED; ChainError when the chain cannot be read
   */
  monitorStorageUsage(options?: CheckOptions): Promise<StorageUsage>
  close(): Promise<void>
}

/** What a validator needs from the world. */
export interface ValidatorPorts {
  /** The subnet as the chain has it now. */
  readonly readSubnet: (signal?: AbortSignal) => Promise<Subnet>
  /** Where a miner's data is to be looked for. */
  readonly placesOf: (hotkey: string, subnet: Subnet) => Readonly<Record<BackendName, Place>>
  readonly seen: SeenManifests
  readonly limits?: Partial<Limits>
  /** Files per miner and backend that `validateMinerData` reads whole, default 1; 0.1 = one in every ten checks. */
  readonly samples?: number
  /** Miners that `monitorStorageUsage` looks at at the same time, default 16. */
  readonly concurrency?: number
  /** A subnet read from the chain serves so many milliseconds, default 60,000 (five blocks). */
  readonly subnetMaxAgeMs?: number
  readonly now?: () => number
  /** Uniform in [0, 1). */
  readonly random?: () => number
  readonly close?: () => Promise<void>
}

/** The validator over given ports; `createValidator` wires the real ones. */
export function createValidatorFromPorts(ports: ValidatorPorts): Validator {
  const { seen, placesOf, samples = 1, concurrency = 16, subnetMaxAgeMs = 60_000 } = ports
  const { now = Date.now, random = Math.random } = ports
  const limits: Limits = { ...defaultLimits, ...ports.limits }
  let known: { readonly subnet: Subnet; readonly at: number } | null = null

  async function currentSubnet(maxAgeMs: number, signal?: AbortSignal): Promise<Subnet> {
    if (known !== null && now() - known.at <= maxAgeMs) return known.subnet
    const subnet = await ports.readSubnet(signal)
    known = { subnet, at: now() }
    return subnet
  }

  /** A full disk must not cost the verdicts: it is told beside them. */
  async function remember(): Promise<readonly string[]> {
    try {
      await seen.save()
      return []
    } catch (error) {
      return [`The state file cannot be written: ${error instanceof Error ? error.message : String(error)}`]
    }
  }

  return {
    async validateMinerData(hotkey, entities, { signal } = {}) {
      if (entities.length > limits.uris) {
        throw new ValidatorError('BAD_INPUT', `${entities.length} URIs in one call; give at most ${limits.uris}.`)
      }
      const wanted = readEntities(entities)
      const subnet = await currentSubnet(subnetMaxAgeMs, signal)
      if (!subnet.neurons.some((neuron) => neuron.hotkey === hotkey)) {
        throw new ValidatorError(
          'NOT_REGISTERED',
          `${hotkey} has no UID in subnet ${subnet.netuid}; check the address.`,
        )
      }
      const { netuid, block } = subnet
      const places = placesOf(hotkey, subnet)
      const counts = huggingFaceCounts(subnet)
      const query = { hotkey, netuid, block, huggingFaceCounts: counts, places, seen, limits, samples, random }
      const report = await validateMiner(query, wanted, signal)
      return { ...report, problems: [...report.problems, ...(await remember())] }
    },
    async monitorStorageUsage({ signal } = {}) {
      const subnet = await currentSubnet(0, signal)
      const counts = huggingFaceCounts(subnet)
      const usage = await measureAdoption(
        { subnet, huggingFaceCounts: counts, placesOf, seen, limits, concurrency },
        signal,
      )
      return { ...usage, warnings: [...usage.warnings, ...(await remember())] }
    },
    async close() {
      await ports.close?.()
    },
  }
}
