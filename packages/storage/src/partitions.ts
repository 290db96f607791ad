import { sourceName } from '@sluice/dataset'
import type { Exporter } from './exporter.ts'
import type { KnownPartition } from './partition-table.ts'
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
  /** Changed partitions of the hour that the database prunes: what is stored of them stays, new rows come beside it. */
  readonly late: readonly PartitionSummary[]
  /** That hour; null when pruned rows are to go remotely too. */
  readonly pruning: number | null
  readonly unplaceable: readonly Unplaceable[]
}

/** `reddit/483000` */
export const partitionId = (source: string, bucket: number): string => `${source}/${bucket}`

/** Largest numbers that a key can name, see `partKey` of `@sluice/dataset`. */
const maxSource = 0xffff_ffff
const maxBucket = 999_999_999

/** Finds what changed by count and size sum per partition; never by a time cursor, so late rows are seen too. */
export function scanPartitions(options: ScanOptions): Scan {
  const { partitions, unplaceable } = options.rows.partitions()
  const known = new Map(options.known.map((entry) => [partitionId(entry.source, entry.bucket), entry]))
  const oldest = partitions.reduce((low, { bucket }) => Math.min(low, bucket), Infinity)
  const pruning = options.keepPruned ? oldest : null
  const exportable = new Map<string, PartitionSummary>()
  const dirty: PartitionSummary[] = []
  const late: PartitionSummary[] = []
  const unchanged: { partition: PartitionSummary; hashedAt: number }[] = []
  const tooLarge: Unplaceable[] = []
  for (const partition of partitions) {
    if (partition.source > maxSource || partition.bucket > maxBucket) {
      const reason = `source ${partition.source} with timeBucketId ${partition.bucket} is out of range`
      tooLarge.push({ rows: partition.rows, reason })
      continue
    }
    const id = partitionId(sourceName(partition.source), partition.bucket)
    const before = known.get(id)
    const changed =
      before?.rows !== partition.rows || before.bytes !== partition.bytes || before.format !== options.format
    // The miner's database prunes from the oldest hour on; rows that vanish there are kept remotely (`retention`).
    if (partition.bucket === pruning && (changed || partition.rows < (options.held.get(id) ?? 0))) {
      if (changed) late.push(partition)
      continue
    }
    exportable.set(id, partition)
    if (changed) dirty.push(partition)
    else unchanged.push({ partition, hashedAt: before.hashedAt })
  }
  unchanged.sort((a, b) => a.hashedAt - b.hashedAt)
  const share = Math.ceil(unchanged.length * options.recheckShare)
  // A look in the future was noted by a clock that has been put right since.
  const isOld = (at: number): boolean => at <= options.now - options.recheckAfterMs || at > options.now
  const due = unchanged.filter((entry, at) => at < share || isOld(entry.hashedAt))
  return {
    dirty: dirty.sort((a, b) => b.bucket - a.bucket || a.source - b.source),
    due: due.map((entry) => entry.partition),
    exportable,
    late,
    pruning,
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
  const hashes = new Map(known.map((entry) => [partitionId(entry.source, entry.bucket), entry.contentHash]))
  for (const partition of due) {
    const hash = await exporter.hashPartition(partition, signal)
    yield { partition, replaced: hash !== hashes.get(partitionId(sourceName(partition.source), partition.bucket)) }
  }
}
