import type { DataRow } from '@sluice/dataset'

/** All rows of one source and hour, as the source of rows counts them. */
export interface PartitionSummary {
  readonly source: number
  /** `floor(unix seconds / 3600)`. */
  readonly hour: number
  readonly rows: number
  /** Sum of the rows' content sizes in bytes. */
  readonly bytes: number
}

/** Rows that no partition can hold, told so that nobody is skipped in silence. */
export interface Unplaceable {
  readonly rows: number
  readonly reason: string
}

/** Where a miner's rows come from. Reading never changes the source. */
export interface RowSource {
  /**
   * Every partition that has rows, without reading the rows.
   * @throws StorageError `DATABASE_*`
   */
  partitions(): { readonly partitions: readonly PartitionSummary[]; readonly unplaceable: readonly Unplaceable[] }
  /**
   * The rows of one partition in ascending order of `uriDigest(uri)`, one consistent snapshot.
   * @throws StorageError `DATABASE_*`
   */
  rows(partition: { readonly source: number; readonly hour: number }): Iterable<DataRow> | AsyncIterable<DataRow>
  close(): void
}
