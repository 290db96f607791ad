import type { SqliteDatabase } from '@sluice/sqlite'

/** What was last exported of a partition; compared with the database to find what changed. */
export interface KnownPartition {
  /** Source name as in keys, e.g. `reddit`. */
  readonly source: string
  readonly hour: number
  /** The number in the database's `source` column. */
  readonly sourceId: number
  readonly rows: number
  readonly bytes: number
  /** SHA-256 over all rows, hex. */
  readonly contentHash: string
  /** Export format and encoding keys; a change makes every partition dirty. */
  readonly format: string
  /** When the content was last read in full, ms since 1970. */
  readonly hashedAt: number
}

export interface PartitionTable {
  all(): readonly KnownPartition[]
  put(partition: KnownPartition): void
  touch(partition: { readonly source: string; readonly hour: number }, hashedAt: number): void
  remove(partition: { readonly source: string; readonly hour: number }): void
}

export function createPartitionTable(db: SqliteDatabase): PartitionTable {
  const all = db.prepare<[], KnownPartition>(
    `SELECT source, bucket AS hour, source_id AS sourceId, rows, bytes, content_hash AS contentHash, format,
       hashed_at AS hashedAt FROM partitions`,
  )
  const put = db.prepare(
    `INSERT INTO partitions VALUES (@source, @hour, @sourceId, @rows, @bytes, @contentHash, @format, @hashedAt)
     ON CONFLICT(source, bucket) DO UPDATE SET source_id = excluded.source_id, rows = excluded.rows,
       bytes = excluded.bytes, content_hash = excluded.content_hash, format = excluded.format,
       hashed_at = excluded.hashed_at`,
  )
  const touch = db.prepare('UPDATE partitions SET hashed_at = ? WHERE source = ? AND bucket = ?')
  const remove = db.prepare('DELETE FROM partitions WHERE source = ? AND bucket = ?')
  return {
    all: () => all.all(),
    put: (partition) => void put.run(partition),
    touch: ({ source, hour }, hashedAt) => void touch.run(hashedAt, source, hour),
    remove: ({ source, hour }) => void remove.run(source, hour),
  }
}
