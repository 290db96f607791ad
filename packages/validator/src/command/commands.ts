import { setTimeout as wait } from 'node:timers/promises'
import type { ExitKind, Terminal } from '@sluice/command-line'
import type { StorageUsage } from '../adoption.ts'
import { readEntitiesFile } from './entities-file.ts'
import type { Entity } from '../check/entity.ts'
import type { ConnectedValidator } from '../compose.ts'
import { failureOf } from './failure.ts'
import type { CheckFlags, MonitorFlags } from './flags.ts'
import { createUsageMetrics, type UsageMetrics } from '../metrics.ts'
import { startMetricsServer } from './metrics-server.ts'
import { showReport, showUsage } from './tables.ts'
import type { MinerReport } from '../check/validate-miner.ts'
import { combine } from '../check/verdict.ts'

/** What a command works with. */
export interface Session {
  readonly validator: ConnectedValidator
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/** Judges URIs of one miner; without any, its manifests and samples. */
export async function check({ validator, terminal, signal }: Session, flags: CheckFlags): Promise<ExitKind> {
  const { source, bucket: timeBucketId, datetime } = flags
  const listed = flags.entities === undefined ? [] : await readEntitiesFile(flags.entities)
  const named = flags.uris.map((uri): Entity => ({ uri, source, timeBucketId, datetime }))
  const judging = validator.validateMinerData(flags.miner, [...named, ...listed], { signal })
  const report = await terminal.waiting('chain and stores', judging)
  terminal.object({ ...report, ...validator.chainInUse() })
  showReport(terminal, report, validator.chainInUse())
  return endOf(report)
}

/** Bad beats unknown beats done. Without URIs the manifests decide: one that is there and good is enough. */
function endOf({ verdicts, s3, huggingface, huggingFaceCounts }: MinerReport): ExitKind {
  const { verdict: manifests, conflict } = combine(s3.manifest, huggingface.manifest, huggingFaceCounts)
  const found = verdicts.length > 0 ? verdicts.map(({ verdict }) => verdict) : [conflict ? 'corrupt' : manifests]
  if (found.some((verdict) => verdict === 'absent' || verdict === 'corrupt')) return 'refused'
  return found.includes('unknown') ? 'unreachable' : 'done'
}

/** Sweeps the subnet, once or until stopped; a sweep that fails is told and tried again. */
export async function monitor(session: Session, flags: MonitorFlags): Promise<ExitKind> {
  const { signal, terminal, validator } = session
  const metrics = createUsageMetrics()
  const server =
    flags.metricsPort === undefined ? null : await startMetricsServer(metrics, flags.metricsPort, flags.metricsHost)
  if (server !== null) terminal.note(`metrics at ${server.url}/metrics`)
  let last: StorageUsage | null = null
  const end = (kind: ExitKind): ExitKind => {
    terminal.object({ ...last, ...validator.chainInUse() })
    return kind
  }
  try {
    for (;;) {
      try {
        last = await sweep(session, metrics)
        if (flags.once) return end('done')
      } catch (error) {
        if (failureOf(error)?.kind !== 'unreachable' || flags.once) throw error
        const message = error instanceof Error ? error.message : String(error)
        terminal.warn(`${message}; trying again in ${flags.interval} s`)
      }
      await wait(flags.interval * 1000, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return end('interrupted')
    }
  } finally {
    await server?.close()
  }
}

async function sweep({ validator, terminal, signal }: Session, metrics: UsageMetrics): Promise<StorageUsage> {
  const start = performance.now()
  const usage = await terminal.waiting('chain and stores', validator.monitorStorageUsage({ signal }))
  metrics.update(usage, (performance.now() - start) / 1000)
  terminal.event({ event: 'sweep', ...usage, ...validator.chainInUse() })
  showUsage(terminal, usage, validator.chainInUse())
  return usage
}
