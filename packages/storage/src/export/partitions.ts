import { sourceName } from '@sluice/dataset'
import type { Exporter } from './exporter.ts'
import type { KnownPartition } from '../outbox/partitions.ts'
import type { PartitionSummary, RowSource, Unplaceable } from './row-source.ts'

export interface ScanOptions {
  readonly rows: RowSource
  readonly known: readonly KnownPartition[]
  /** Rows in the live files, by `partitionId`. */
  readonly held: ReadonlyMap<string, number>
  readonly format: string
  /** Share (0..1) of the unchanged partitions whose content is read in full. */
  readonly recheckShare: number
  readonly recheckAfterMs: number
  /** Whether rows that the database prunes stay remote. */
  readonly keepPruned: boolean
  readonly now: number
}

/** The database compared with what was exported. */
export interface Scan {
  /** New, changed, or exported in another format. */
  readonly dirty: readonly PartitionSummary[]
  /** Unchanged by count and size, but due for a look at the content. */
  readonly due: readonly PartitionSummary[]
  /** Every partition that may be exported again, by `partitionId`. */
  readonly exportable: ReadonlyMap<string, PartitionSummary>
  /** Changed partitions that the database may be pruning: what is stored of them stays, new rows come beside it. */
  readonly late: readonly PartitionSummary[]
  /** First and last hour that it may be pruning; null when pruned rows are to go remotely too. */
  readonly pruning: { readonly from: number; readonly to: number } | null
  /** Partitions that vanished since the last scan; their files stay. */
  readonly gone: readonly KnownPartition[]
  readonly unplaceable: readonly Unplaceable[]
}

/** `reddit/483000` */
export const partitionId = (source: string, hour: number): string => `${source}/${hour}`

/** Largest numbers that a key can name, see `partKey` of `@sluice/dataset`. */
const maxSource = 0xffff_ffff
const maxHour = 999_999_999

/**
 * The database prunes from the oldest hour on. While an hour is as it was, none after it has been reached; so it is at
 * work in the oldest hour, or, when that one holds only rows that came late, in one up to the first that is unchanged.
 */
function pruningHours(
  { known, held }: { readonly known: ReadonlyMap<string, KnownPartition>; readonly held: ReadonlyMap<string, number> },
  partitions: readonly PartitionSummary[],
): { from: number; to: number } {
  let from = Infinity
  let to = Infinity
  for (const { source, hour, rows, bytes } of partitions) {
    const id = partitionId(sourceName(source), hour)
    const before = known.get(id)
    const isIntact = before === undefined ? held.get(id) === rows : before.rows === rows && before.bytes === bytes
    from = Math.min(from, hour)
    if (isIntact) to = Math.min(to, hour)
  }
  return { from, to }
}

/** Finds what changed by count and size sum per partition; never by a time cursor, so late rows are seen too. */
export function scanPartitions(options: ScanOptions): Scan {
  const { partitions, unplaceable } = options.rows.partitions()
  const known = new Map(options.known.map((entry) => [partitionId(entry.source, entry.hour), entry]))
  const pruning = options.keepPruned ? pruningHours({ known, held: options.held }, partitions) : null
  const exportable = new Map<string, PartitionSummary>()
  const dirty: PartitionSummary[] = []
  const late: PartitionSummary[] = []
  const unchanged: { partition: PartitionSummary; hashedAt: number }[] = []
  const tooLarge: Unplaceable[] = []
  for (const partition of partitions) {
    if (partition.source > maxSource || partition.hour > maxHour) {
      const reason = `source ${partition.source} with timeBucketId ${partition.hour} is out of range`
      tooLarge.push({ rows: partition.rows, reason })
      continue
    }
    const id = partitionId(sourceName(partition.source), partition.hour)
    const before = known.get(id)
    const changed =
      before?.rows !== partition.rows || before.bytes !== partition.bytes || before.format !== options.format
    const held = options.held.get(id) ?? 0
    const wasPruned = held > (before ?? partition).rows
    // Of the oldest hour the digests are remembered from its first row on, so that it needs no backend later.
    const mayBePruned =
      partition.hour <= (pruning?.to ?? -1) && (partition.hour === pruning?.from || before !== undefined || held > 0)
    const isKept = pruning !== null && (wasPruned || mayBePruned)
    if (isKept && (changed || partition.rows < held)) {
      if (changed) late.push(partition)
      continue
    }
    exportable.set(id, partition)
    if (changed) dirty.push(partition)
    else unchanged.push({ partition, hashedAt: before.hashedAt })
  }
  const present = new Set(partitions.map(({ source, hour }) => partitionId(sourceName(source), hour)))
  const isGone = ([id, { rows }]: [string, KnownPartition]): boolean => rows > 0 && !present.has(id)
  // An empty database is rather the wrong one.
  const gone = pruning === null || present.size === 0 ? [] : [...known].filter(isGone).map(([, entry]) => entry)
  unchanged.sort((a, b) => a.hashedAt - b.hashedAt)
  const share = Math.ceil(unchanged.length * options.recheckShare)
  // A look in the future was noted by a clock that has been put right since.
  const isOld = (at: number): boolean => at <= options.now - options.recheckAfterMs || at > options.now
  const due = unchanged.filter((entry, at) => at < share || isOld(entry.hashedAt))
  return {
    dirty: dirty.sort((a, b) => b.hour - a.hour || a.source - b.source),
    due: due.map((entry) => entry.partition),
    exportable,
    late,
    pruning,
    gone,
    unplaceable: [...unplaceable, ...tooLarge],
  }
}

/** Reads the content of partitions that look unchanged; yields those whose rows were replaced at equal size. */
export async function* findReplaced(
  due: readonly PartitionSummary[],
  known: readonly KnownPartition[],
  exporter: Exporter,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly partition: PartitionSummary; readonly replaced: boolean }> {
  const hashes = new Map(known.map((entry) => [partitionId(entry.source, entry.hour), entry.contentHash]))
  for (const partition of due) {
    const hash = await exporter.hashPartition(partition, signal)
    yield { partition, replaced: hash !== hashes.get(partitionId(sourceName(partition.source), partition.hour)) }
  }
}
