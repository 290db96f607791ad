import { setTimeout as wait } from 'node:timers/promises'
import { readEntitiesFile } from './entities-file.ts'
import type { Entity } from '../check/entity.ts'
import { exitCodes, failureOf } from './failure.ts'
import type { CheckFlags, MonitorFlags } from './flags.ts'
import { createUsageMetrics } from '../metrics.ts'
import { startMetricsServer } from './metrics-server.ts'
import { printable } from '../printable.ts'
import { reportTable, usageTable } from './tables.ts'
import type { MinerReport } from '../check/validate-miner.ts'
import type { Validator } from '../validator.ts'
import { combine } from '../check/verdict.ts'

/** What a command works with. */
export interface Session {
  readonly validator: Validator
  readonly print: (text: string) => void
  readonly note: (text: string) => void
  readonly json: boolean
  readonly signal: AbortSignal | undefined
}

/** Judges URIs of one miner; without any, its manifests and samples. @returns the exit code */
export async function check({ validator, print, json, signal }: Session, flags: CheckFlags): Promise<number> {
  const { source, bucket: timeBucketId, datetime } = flags
  const listed = flags.entities === undefined ? [] : await readEntitiesFile(flags.entities)
  const named = (flags.uri ?? []).map((uri): Entity => ({ uri, source, timeBucketId, datetime }))
  const report = await validator.validateMinerData(
    flags.hotkey,
    [...named, ...listed],
    signal === undefined ? {} : { signal },
  )
  print(json ? `${JSON.stringify(report)}\n` : reportTable(report))
  return exitCodeOf(report)
}

/** Bad beats unknown beats done. Without URIs the manifests decide: one that is there and good is enough. */
function exitCodeOf({ verdicts, s3, huggingface, huggingFaceCounts }: MinerReport): number {
  const { verdict: manifests, conflict } = combine(s3.manifest, huggingface.manifest, huggingFaceCounts)
  const found = verdicts.length > 0 ? verdicts.map(({ verdict }) => verdict) : [conflict ? 'corrupt' : manifests]
  if (found.some((verdict) => verdict === 'absent' || verdict === 'corrupt')) return exitCodes.bad
  return found.includes('unknown') ? exitCodes.unknown : exitCodes.done
}

/** Sweeps the subnet, once or until stopped; a sweep that fails is told and tried again. @returns the exit code */
export async function monitor(session: Session, flags: MonitorFlags): Promise<number> {
  const { signal, note } = session
  const metrics = createUsageMetrics()
  const server =
    flags.metricsPort === undefined ? null : await startMetricsServer(metrics, flags.metricsPort, flags.metricsHost)
  if (server !== null) note(`metrics at ${server.url}/metrics\n`)
  try {
    for (;;) {
      try {
        await sweep(session, metrics)
        if (flags.once === true) return exitCodes.done
      } catch (error) {
        const { exitCode, message } = failureOf(error)
        const transient = exitCode === exitCodes.chain && flags.once !== true
        if (!transient) throw error
        note(`warning: ${printable(message)}; trying again in ${flags.interval} s\n`)
      }
      await wait(flags.interval * 1000, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
      if (signal?.aborted === true) return exitCodes.interrupted
    }
  } finally {
    await server?.close()
  }
}

async function sweep(
  { validator, print, json, signal }: Session,
  metrics: ReturnType<typeof createUsageMetrics>,
): Promise<void> {
  const start = performance.now()
  const usage = await validator.monitorStorageUsage(signal === undefined ? {} : { signal })
  metrics.update(usage, (performance.now() - start) / 1000)
  print(json ? `${JSON.stringify(usage)}\n` : usageTable(usage))
}
