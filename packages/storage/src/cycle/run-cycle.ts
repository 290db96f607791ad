import { sourceName } from '@sluice/dataset'
import { updateCardIfDue } from './card.ts'
import type { StorageConfig } from '../policy/in-force.ts'
import { StorageError, throwIfAborted } from '../errors.ts'
import { deleteSuperseded } from './manifest-writer.ts'
import { sourceMetadata } from './metadata.ts'
import { findReplaced, partitionId, type Scan, scanPartitions } from '../export/partitions.ts'
import type { PointerPublisher } from './pointer.ts'
import { publishPointerIfDue } from './pointer.ts'
import type { Receipt } from '../receipt.ts'
import type { PartitionSummary, RowSource } from '../export/row-source.ts'
import { cleanSpool, sendSpool, type SendOptions, writeListing } from './send-spool.ts'
import { openCycle, type Cycle, type OpenCycleOptions } from './cycle-targets.ts'
import { knownNames } from './target.ts'
import { diskError } from '../export/spool.ts'
import { makeLocal, type MakeOptions, planWork, type Work } from './plan-work.ts'

export interface CycleOptions extends OpenCycleOptions, SendOptions, MakeOptions {
  readonly rows: RowSource
  readonly recheckShare: number
  readonly recheckAfterMs: number
  /** Most bytes exported before they are sent. */
  readonly chunkBytes: number
  /** Most bytes that wait in the spool while no backend takes them. */
  readonly maxSpoolBytes: number
  readonly encodingKey: string | null
  readonly pointer: PointerPublisher | null
  /** Names of the backends that are filled beside the policy's. */
  readonly additional: readonly string[]
}

/**
 * One cycle: compare, export, send, list, delete what was superseded. May be stopped or killed anywhere; the next
 * one goes on from what is recorded.
 * @throws StorageError when nothing was stored and nothing is queued; `ABORTED`
 */
export async function runCycle(
  options: CycleOptions,
  config: StorageConfig,
  scope: 'all' | 'files',
  signal?: AbortSignal,
): Promise<Receipt> {
  const { outbox } = options
  const cycle = openCycle(options, config.plan, config.snapshot.policy)
  const { wanted, standIn } = await chooseTargets(options, cycle, signal)
  for (const name of knownNames(outbox)) if (!wanted.includes(name)) outbox.jobs.removeIdle(name)
  outbox.jobs.removeUntried()

  await sendSpool(options, cycle, wanted, standIn, signal)
  await cleanSpool(options, wanted)
  const scanned = scope === 'files' ? nothingScanned : await scanRows(options, cycle, signal)
  if (scanned.scan !== null && options.retention === 'mirror') dropPruned(options, cycle, scanned.scan)
  const queue = planWork(outbox, scanned.scan, scanned, wanted)
  const left = await workOff(options, cycle, queue, wanted, standIn, signal)

  const used = standIn === undefined ? wanted : [...wanted, standIn]
  for (const name of used) await finish(options, cycle, name, signal)
  await cleanSpool(options, wanted)
  await updateCardIfDue(options, cycle, signal)
  await publishPointerIfDue(options, cycle, signal)

  if (scanned.error !== null && cycle.copies.length === 0 && !isQueued(options, wanted)) throw scanned.error
  const clean =
    (scope === 'files' || scanned.scan !== null) &&
    left === 0 &&
    cycle.failed.every((failure) => failure.backend !== null)
  return {
    plan: config.plan,
    copies: cycle.copies,
    failedAttempts: cycle.failed,
    complete: clean && [...config.plan.required, ...options.additional].every((name) => holdsAll(options, cycle, name)),
    metadata: sourceMetadata(options, cycle),
  }
}

/** Which backends this cycle has to fill. A required one without settings is replaced by its stand-in. */
async function chooseTargets(
  { outbox, additional }: CycleOptions,
  cycle: Cycle,
  signal?: AbortSignal,
): Promise<{ wanted: readonly string[]; standIn: string | undefined }> {
  const { required, standIn } = cycle.plan
  const isNew = outbox.targets.all().length === 0
  const standings = await Promise.all(required.map((name) => cycle.prepare(name, signal)))
  await Promise.all(additional.map((name) => cycle.prepare(name, signal)))
  const wanted = required.filter((_name, at) => standings[at] !== 'unconfigured')
  // A new state file knows nothing of what an older one stored in the stand-in; that is history which S3 has to get.
  if (standIn !== undefined && isNew) await cycle.prepare(standIn, signal)
  if (wanted.length > 0) return { wanted: [...wanted, ...additional], standIn }
  if (standIn !== undefined && (await cycle.prepare(standIn, signal)) !== 'unconfigured') {
    return { wanted: [standIn, ...additional], standIn: undefined }
  }
  const why = cycle.failed.map((failure) => failure.message).join('; ')
  throw new StorageError('NO_BACKEND', `no backend can be used: ${why}`)
}

interface Scanned {
  readonly scan: Scan | null
  readonly dirty: readonly PartitionSummary[]
  readonly late: readonly PartitionSummary[]
  /** Why the database could not be read, when nothing of it could. */
  readonly error: unknown
}
const nothingScanned: Scanned = { scan: null, dirty: [], late: [], error: null }

async function scanRows(options: CycleOptions, cycle: Cycle, signal?: AbortSignal): Promise<Scanned> {
  const { outbox, rows, clock } = options
  const known = outbox.partitions.all()
  const keepPruned = options.retention === 'keep'
  const dirty: PartitionSummary[] = []
  const late: PartitionSummary[] = []
  let scan: Scan | null = null
  const same: PartitionSummary[] = []
  try {
    scan = scanPartitions({ ...options, rows, known, held: rowsHeld(options), keepPruned, now: clock() })
    dirty.push(...scan.dirty)
    late.push(...scan.late)
    for await (const { partition, replaced } of findReplaced(scan.due, known, options.exporter, signal)) {
      if (!replaced) same.push(partition)
      else if (partition.hour <= (scan.pruning?.to ?? -Infinity)) late.push(partition)
      else dirty.push(partition)
    }
  } catch (error) {
    throwIfAborted(signal)
    cycle.fail(null, null, error)
    if (scan === null) return { ...nothingScanned, error }
  }
  const { pruning, gone } = scan
  outbox.transaction(() => {
    outbox.digests.keepOnly(pruning)
    // Until such a partition is exported, a fingerprint of no rows says that more is stored of it than is there.
    const isLate = new Set(late.map(({ source, hour }) => partitionId(sourceName(source), hour)))
    const pruned = known.filter(({ source, hour }) => isLate.has(partitionId(source, hour)))
    for (const partition of [...gone, ...pruned]) outbox.partitions.put({ ...partition, rows: 0, bytes: 0 })
    for (const { source, hour } of same) outbox.partitions.touch({ source: sourceName(source), hour }, clock())
  })
  for (const { rows, reason } of scan.unplaceable) {
    cycle.fail(null, null, new StorageError('BAD_ROWS', `${rows} rows cannot be stored: ${reason}; correct them`))
  }
  return { scan, dirty, late, error: null }
}

function rowsHeld({ outbox }: CycleOptions): Map<string, number> {
  const held = new Map<string, number>()
  for (const { source, hour, rows } of outbox.files.live()) {
    if (source === null || hour === null) continue
    const id = partitionId(source, hour)
    held.set(id, (held.get(id) ?? 0) + (rows ?? 0))
  }
  return held
}

/** Under `mirror`, what left the database leaves the backends; an empty database is taken for a mistake. */
function dropPruned({ outbox }: CycleOptions, cycle: Cycle, scan: Scan): void {
  const live = outbox.files.live().filter((file) => file.source !== null)
  if (scan.exportable.size === 0 && live.length > 0) {
    const text = `the database has no rows, but ${live.length} files are stored; nothing is deleted: is it the right database?`
    cycle.fail(null, null, new StorageError('BAD_ROWS', text))
    return
  }
  outbox.transaction(() => {
    for (const { id, source, hour } of live) {
      if (source === null || hour === null || scan.exportable.has(partitionId(source, hour))) continue
      outbox.files.supersede(id)
      outbox.partitions.remove({ source, hour })
    }
  })
}

/** Makes and sends the queue chunk by chunk; returns how many pieces of work are left for the next cycle. */
async function workOff(
  options: CycleOptions,
  cycle: Cycle,
  queue: readonly Work[],
  wanted: readonly string[],
  standIn: string | undefined,
  signal?: AbortSignal,
): Promise<number> {
  let left = 0
  let files = 0
  let bytes = 0
  let done = 0
  async function flush(): Promise<void> {
    await sendSpool(options, cycle, wanted, standIn, signal)
    await cleanSpool(options, wanted)
    options.log.info({ done, of: queue.length }, `${done} of ${queue.length} partitions worked off`)
    files = 0
    bytes = 0
  }
  async function make(work: Work, again: boolean): Promise<void> {
    try {
      const made = await makeLocal(options, cycle, work, wanted, signal)
      files += made.files
      bytes += made.bytes
      if (made.duplicates > 0) {
        options.log.warn(
          { work: nameOf(work) },
          `${nameOf(work)}: ${made.duplicates} rows repeat a URI; the newest is kept`,
        )
      }
      if (made.refused > 0) {
        const text = `${made.refused} rows cannot be stored: more than 32 MiB of content or text that is no Unicode`
        cycle.fail(null, nameOf(work), new StorageError('BAD_ROWS', text))
      }
    } catch (error) {
      throwIfAborted(signal)
      const failure = diskError(error, options.spool.directory)
      if (again && files > 0 && StorageError.is(failure) && failure.code === 'NO_SPACE') {
        await flush() // what is sent makes room
        return await make(work, false)
      }
      left++
      cycle.fail(null, nameOf(work), failure)
    }
  }
  for (const work of queue) {
    throwIfAborted(signal)
    done++
    if (!isWorthwhile(options, cycle, work, wanted, standIn)) left++
    else await make(work, true)
    if (files >= options.batchFiles || bytes >= options.chunkBytes) await flush()
  }
  if (files > 0) await flush()
  return left
}

const nameOf = (work: Work): string =>
  work.kind === 'fetch' ? work.file.key : partitionId(sourceName(work.partition.source), work.partition.hour)

/** Not worth it: every backend that lacks it is down. New rows are exported all the same while the spool has room. */
function isWorthwhile(
  { outbox, maxSpoolBytes }: CycleOptions,
  cycle: Cycle,
  work: Work,
  wanted: readonly string[],
  standIn: string | undefined,
): boolean {
  const isNew = work.needed.length === 0
  if ((isNew ? wanted : work.needed).some((name) => cycle.ready(name) !== null)) return true
  if (standIn !== undefined && cycle.ready(standIn) !== null) {
    if (isNew) return true
    const source = work.kind === 'fetch' ? null : sourceName(work.partition.source)
    const files =
      source === null || work.kind === 'fetch' ? [] : outbox.files.ofPartition({ source, hour: work.partition.hour })
    return files.some((file) => file.live && !outbox.jobs.isVerified(file.id, standIn))
  }
  if (!isNew) return false
  const waiting = outbox.files.withLocalCopy().reduce((sum, file) => sum + file.bytes, 0)
  return waiting < maxSpoolBytes
}

/** Last steps at one backend: list what became complete without a new file, then delete what is superseded. */
async function finish(options: CycleOptions, cycle: Cycle, name: string, signal?: AbortSignal): Promise<void> {
  if (cycle.ready(name) === null) return
  if (!(await writeListing(options, cycle, name, signal))) return
  await cycle.attempt(
    name,
    async (target) => {
      const deleted = await deleteSuperseded(options.manifest, target, signal)
      if (deleted > 0) options.log.info({ backend: name, deleted }, `${name}: ${deleted} superseded files deleted`)
    },
    signal,
  )
}

function isQueued({ outbox }: CycleOptions, wanted: readonly string[]): boolean {
  return wanted.some((name) => outbox.files.missingIn(name).some((file) => file.path !== null))
}

function holdsAll({ outbox }: CycleOptions, cycle: Cycle, name: string): boolean {
  if (cycle.ready(name) === null) return false
  const listed = outbox.targets.listed(name)
  return outbox.files.live().every((file) => listed.has(file.id))
}
