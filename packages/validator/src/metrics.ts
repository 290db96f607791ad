import { backendNames } from '@sluice/rollout'
import { Gauge, Registry } from 'prom-client'
import type { StorageUsage } from './adoption.ts'

/** Prometheus metrics of the last sweep. */
export interface UsageMetrics {
  /** Replaces all values by those of a sweep. @param seconds how long it took */
  update(usage: StorageUsage, seconds: number): void
  /** Text exposition format. */
  text(): Promise<string>
  readonly contentType: string
  readonly registry: Registry
}

/** Gauges `sluice_*`, in a registry of their own. */
export function createUsageMetrics(): UsageMetrics {
  const registry = new Registry()
  const registers = [registry]
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `sluice_${name}`, help, labelNames, registers })

  const block = gauge('block', 'Finalized block the sweep was made at')
  const percentage = gauge('rollout_percentage', 'Rollout percentage in force, 0 to 100')
  const miners = gauge('miners', 'Miners by where they keep data', ['storage'])
  const cohort = gauge('miners_in_cohort', 'Miners inside the S3 cohort')
  const problems = gauge('miners_with_problems', 'Miners with damaged, forged, rolled-back or unreachable data')
  const missing = gauge('miner_missing_files', 'Live files of the other backend that this one lacks', [
    'hotkey',
    'backend',
  ])
  const lag = gauge('miner_lag_hours', 'Hours the newest partition is behind the other backend', ['hotkey', 'backend'])
  const bytes = gauge('miner_bytes', 'Bytes of live files in either backend', ['hotkey'])
  const follows = gauge('miner_follows_policy', '1 when all required backends hold data, 0 when not', ['hotkey'])
  const duration = gauge('sweep_seconds', 'Duration of the last sweep')

  return {
    registry,
    contentType: registry.contentType,
    update(usage, seconds) {
      registry.resetMetrics() // hotkeys that left the subnet must not stay
      block.set(usage.block)
      percentage.set(usage.rolloutPercentage)
      cohort.set(usage.inCohort)
      duration.set(seconds)
      problems.set(usage.miners.filter((miner) => miner.problems.length > 0).length)
      for (const [storage, count] of Object.entries(usage.counts)) miners.set({ storage }, count)
      for (const { hotkey, coverage, lagHours, ...miner } of usage.miners) {
        bytes.set({ hotkey }, coverage.bytes)
        if (miner.follows !== null) follows.set({ hotkey }, Number(miner.follows))
        for (const backend of backendNames) {
          missing.set({ hotkey, backend }, coverage.missing[backend])
          if (lagHours !== null) lag.set({ hotkey, backend }, lagHours[backend])
        }
      }
    },
    text: () => registry.metrics(),
  }
}
