import type { Plan, PolicyOrigin } from '@sluice/rollout'
import type { ChainFacts, StorageConfig } from './policy/in-force.ts'
import type { DeadJob } from './outbox/jobs.ts'
import { type Outbox, openOutbox } from './outbox/outbox.ts'

/** One backend as the state file knows it; no call is made. */
export interface BackendStatus {
  readonly backend: string
  readonly place: string
  readonly manifestSequence: number
  /** ISO 8601, null before the first manifest. */
  readonly manifestAt: string | null
  readonly listedFiles: number
  readonly verifiedFiles: number
  readonly verifiedBytes: number
  /** Live files that wait for this backend. */
  readonly queuedFiles: number
  readonly deadFiles: number
  /** The backend asked to be left alone until then, ISO 8601. */
  readonly restsUntil: string | null
}

type KeptPlan = Pick<Plan, 'required' | 'standIn' | 'inCohort' | 'reason' | 'block'>

/** What the miner's storage knows of itself. */
export interface StorageStatus {
  /** `{hotkey} on netuid {n}` */
  readonly owner: string | null
  /** Plan of the last call with the origin of its policy; null before the first. */
  readonly plan:
    | (KeptPlan & {
        readonly origin: PolicyOrigin
        /** Not in plans of earlier releases. */
        readonly chain?: ChainFacts | null
        readonly bucketName: string | null
        readonly region: string
      })
    | null
  readonly partitions: number
  readonly rows: number
  readonly liveFiles: number
  /** Files that wait in the spool folder. */
  readonly spooledFiles: number
  readonly spooledBytes: number
  /** Repository that the miner's commitment on chain names, as far as published from here. */
  readonly pointer: string | null
  readonly backends: readonly BackendStatus[]
  readonly dead: readonly DeadJob[]
}

/** Keeps the plan for `status`, which makes no call. */
export function rememberPlan(outbox: Outbox, { plan, snapshot, chain }: StorageConfig): void {
  const { required, standIn, inCohort, reason, block } = plan
  const kept = {
    required,
    standIn,
    inCohort,
    reason,
    block,
    origin: snapshot.origin,
    chain,
    bucketName: snapshot.policy.s3.bucketName,
    region: snapshot.policy.s3.region,
  }
  outbox.setMeta('plan', JSON.stringify(kept))
}

export function statusOf(outbox: Outbox): StorageStatus {
  const live = outbox.files.live()
  const spooled = outbox.files.withLocalCopy()
  const counts = outbox.jobs.counts()
  const plan = outbox.meta('plan')
  const sum = (backend: string, states: readonly string[], of: 'jobs' | 'bytes'): number =>
    counts.filter((c) => c.backend === backend && states.includes(c.state)).reduce((total, c) => total + c[of], 0)
  return {
    owner: outbox.meta('owner'),
    plan: plan === null ? null : (JSON.parse(plan) as NonNullable<StorageStatus['plan']>),
    partitions: outbox.partitions.all().length,
    rows: live.reduce((total, file) => total + (file.rows ?? 0), 0),
    liveFiles: live.length,
    spooledFiles: spooled.length,
    spooledBytes: spooled.reduce((total, file) => total + file.bytes, 0),
    pointer: outbox.meta('pointer'),
    backends: outbox.targets.all().map((target) => ({
      backend: target.backend,
      place: target.identity,
      manifestSequence: target.sequence,
      manifestAt: isoTime(target.manifestAt),
      listedFiles: outbox.targets.listed(target.backend).size,
      verifiedFiles: sum(target.backend, ['verified'], 'jobs'),
      verifiedBytes: sum(target.backend, ['verified'], 'bytes'),
      queuedFiles: sum(target.backend, ['queued', 'leased', 'uploading', 'stored'], 'jobs'),
      deadFiles: sum(target.backend, ['dead'], 'jobs'),
      restsUntil: isoTime(target.retryAt === 0 ? null : target.retryAt),
    })),
    dead: outbox.jobs.dead(),
  }
}

const isoTime = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/**
 * Reads the status of a state file without taking it; works beside a running miner.
 * @throws StorageError `STATE_CORRUPT`, `STATE_FOREIGN`, `STATE_UNWRITABLE` (when there is none)
 */
export function readStatus(stateFile: string): StorageStatus {
  const outbox = openOutbox(stateFile, null, true)
  try {
    return statusOf(outbox)
  } finally {
    outbox.close()
  }
}
