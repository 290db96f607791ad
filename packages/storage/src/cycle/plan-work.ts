import { sourceName } from '@sluice/dataset'
import { StorageError } from '../errors.ts'
import type { ExportedPartition, Exporter } from '../export/exporter.ts'
import type { OutboxFile } from '../outbox/files.ts'
import { storedDigests } from './stored-digests.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { knownNames } from './target.ts'
import { partitionId, type Scan } from '../export/partitions.ts'
import type { PartitionSummary } from '../export/row-source.ts'
import type { Cycle } from './cycle-targets.ts'
import { type Spool, userFileName } from '../export/spool.ts'

/** Something that has to lie in the spool before it can be sent. */
export type Work =
  /** Export a partition: it is new or changed (`needed` empty), or these backends lack it and no local copy is left. */
  | { readonly kind: 'export'; readonly partition: PartitionSummary; readonly needed: readonly string[] }
  /** Export what is new in an hour that the database is pruning. */
  | { readonly kind: 'late'; readonly partition: PartitionSummary; readonly needed: readonly [] }
  /** Copy a file from another backend: its rows are no longer in the database. */
  | { readonly kind: 'fetch'; readonly file: OutboxFile; readonly needed: readonly string[] }

/** Desired state compared with what is verified: all that is dirty, then all that a wanted backend lacks. */
export function planWork(
  outbox: Outbox,
  scan: Scan | null,
  { dirty, late }: { readonly dirty: readonly PartitionSummary[]; readonly late: readonly PartitionSummary[] },
  wanted: readonly string[],
): Work[] {
  const idOf = ({ source, hour }: PartitionSummary): string => partitionId(sourceName(source), hour)
  const changed = new Set(dirty.map(idOf))
  const pruning = new Set(late.map(idOf))
  const exports = new Map<string, { partition: PartitionSummary; needed: Set<string> }>()
  const fetches = new Map<number, { file: OutboxFile; needed: Set<string> }>()
  for (const backend of wanted) {
    for (const file of outbox.files.missingIn(backend)) {
      if (file.path !== null) continue
      const id = file.source === null || file.hour === null ? null : partitionId(file.source, file.hour)
      if (id !== null && changed.has(id)) continue
      const partition = id === null || pruning.has(id) ? undefined : scan?.exportable.get(id)
      if (id !== null && partition !== undefined) {
        const entry = exports.get(id) ?? { partition, needed: new Set() }
        exports.set(id, entry)
        entry.needed.add(backend)
      } else if (id === null || scan !== null) {
        const entry = fetches.get(file.id) ?? { file, needed: new Set() }
        fetches.set(file.id, entry)
        entry.needed.add(backend)
      }
    }
  }
  return [
    ...late.map((partition): Work => ({ kind: 'late', partition, needed: [] })), // before the database prunes more
    ...dirty.map((partition): Work => ({ kind: 'export', partition, needed: [] })),
    ...[...exports.values()].map(({ partition, needed }): Work => ({ kind: 'export', partition, needed: [...needed] })),
    ...[...fetches.values()].map(({ file, needed }): Work => ({ kind: 'fetch', file, needed: [...needed] })),
  ]
}

interface SealOptions {
  readonly outbox: Outbox
  readonly spool: Spool
  readonly format: string
  readonly now: number
  /** Whether what was exported before stays live. */
  readonly beside: boolean
}

/**
 * Records an export in one transaction: its files, their jobs, what they supersede unless it comes beside that, the
 * partition's fingerprint.
 */
function sealPartition(
  { outbox, spool, format, now, beside }: SealOptions,
  partition: PartitionSummary,
  { parts, contentHash }: ExportedPartition,
  backends: readonly string[],
): void {
  if (parts.length === 0 && !beside) return // its rows went while we looked; the next scan sees it as pruned
  const { hour, rows, bytes } = partition
  const source = sourceName(partition.source)
  const keys = new Set(parts.map((part) => part.key))
  outbox.transaction(() => {
    for (const file of outbox.files.ofPartition({ source, hour })) {
      if (!beside && file.live && !keys.has(file.key)) outbox.files.supersede(file.id)
    }
    for (const part of parts) {
      const { key, sha256 } = part
      const path = spool.nameOf(part.path)
      const id = outbox.files.put({ key, sha256, bytes: part.bytes, rows: part.rows, source, hour, path }, now)
      for (const backend of backends) outbox.jobs.ensure(id, backend, now)
    }
    outbox.partitions.put({
      source,
      hour,
      sourceId: partition.source,
      rows,
      bytes,
      contentHash,
      format,
      hashedAt: now,
    })
    outbox.jobs.removeUntried()
  })
}

export interface MakeOptions extends Omit<SealOptions, 'now' | 'beside'> {
  readonly retention: 'keep' | 'mirror'
  readonly exporter: Exporter
  readonly clock: () => number
}

interface Made {
  readonly files: number
  readonly bytes: number
  readonly duplicates: number
  readonly refused: number
}

/**
 * Puts one piece of work into the spool; returns the bytes and files it added.
 * @throws StorageError, DatasetError, BackendError
 */
export async function makeLocal(
  options: MakeOptions,
  cycle: Cycle,
  work: Work,
  backends: readonly string[],
  signal?: AbortSignal,
): Promise<Made> {
  if (work.kind === 'late') return await makeLate(options, cycle, work.partition, backends, signal)
  if (work.kind === 'export') {
    const exported = await options.exporter.exportPartition(work.partition, signal)
    const rows = exported.parts.reduce((sum, part) => sum + part.rows, exported.duplicates + exported.refused)
    if (options.retention === 'keep' && rows < work.partition.rows) await keepFuller(options, work.partition, exported)
    sealPartition({ ...options, now: options.clock(), beside: false }, work.partition, exported, backends)
    return madeOf(exported)
  }
  const { file, needed } = work
  if (options.outbox.files.byKey(file.key)?.live !== true) return madeOf(nothing) // superseded since it was planned
  const sources = knownNames(options.outbox).filter((name) => !needed.includes(name))
  for (const name of sources) {
    if (!options.outbox.jobs.isVerified(file.id, name)) continue
    await cycle.prepare(name, signal)
    const target = cycle.ready(name)
    if (target === null) continue
    const opened = await target.backend.open(file.key, undefined, signal === undefined ? {} : { signal })
    if (opened === null) {
      options.outbox.jobs.remove(file.id, name) // somebody deleted it there: it is no copy any more
      continue
    }
    const path = file.source === null ? userFileName(file.key, file.sha256) : file.key
    if (!(await options.spool.write(path, opened.body, file))) continue
    const { id: _id, live: _live, ...rest } = file
    options.outbox.files.put({ ...rest, path }, options.clock())
    return { files: 1, bytes: file.bytes, duplicates: 0, refused: 0 }
  }
  throw new Error(`${file.key} is neither in the database nor readable in another backend; it is looked for again`)
}

/** What the database is pruning: all stored rows are kept, by a file that holds them and the new ones, or two. */
async function makeLate(
  options: MakeOptions,
  cycle: Cycle,
  partition: PartitionSummary,
  backends: readonly string[],
  signal?: AbortSignal,
): Promise<Made> {
  const { outbox, exporter } = options
  const stored = await storedDigests(options, cycle, partition, signal)
  const at = { source: sourceName(partition.source), hour: partition.hour }
  const news = await exporter.exportPartition(partition, signal, { digests: stored, skip: true })
  const all =
    news.known < stored.size || stored.size === 0
      ? null // rows were pruned, or there were none
      : await exporter.exportPartition(partition, signal, { digests: stored, skip: false })
  // What supersedes the stored files must hold every row of them, also when the database prunes while we read.
  const whole = all !== null && all.known === stored.size
  const exported = whole ? all : news
  const now = options.clock()
  outbox.transaction(() => {
    sealPartition({ ...options, now, beside: stored.size > 0 && !whole }, partition, exported, backends)
    outbox.digests.put(at, whole ? exported.digests : [...stored, ...exported.digests])
  })
  const other = whole ? news : all
  if (other !== null) await discard(options, other)
  return madeOf(exported)
}

const nothing = { parts: [], duplicates: 0, refused: 0 }

function madeOf({ parts, duplicates, refused }: Pick<ExportedPartition, 'parts' | 'duplicates' | 'refused'>): Made {
  return { files: parts.length, bytes: parts.reduce((sum, part) => sum + part.bytes, 0), duplicates, refused }
}

/** Rows went between scan and export: what was exported before holds more and stays; the next scan decides anew. */
async function keepFuller(
  options: MakeOptions,
  partition: PartitionSummary,
  exported: ExportedPartition,
): Promise<void> {
  const source = sourceName(partition.source)
  const { hour } = partition
  if (!options.outbox.files.ofPartition({ source, hour }).some((file) => file.live)) return
  await discard(options, exported)
  const text = `rows of ${partitionId(source, hour)} were deleted while it was read; it is looked at again next time`
  throw new StorageError('BAD_ROWS', text, { retryable: true })
}

/** Removes the files of an export that is not sealed; not those whose content waits there anyway. */
async function discard({ outbox, spool }: MakeOptions, { parts }: ExportedPartition): Promise<void> {
  for (const { key, path } of parts) if (outbox.files.byKey(key)?.path == null) await spool.remove(spool.nameOf(path))
}
