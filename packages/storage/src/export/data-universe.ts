import { existsSync } from 'node:fs'
import { openSqlite, type SqliteDatabase } from '@sluice/sqlite'
import { type DataRow, uriDigest } from '@sluice/dataset'
import { StorageError } from '../errors.ts'
import type { PartitionSummary, RowSource, Unplaceable } from './row-source.ts'

export interface DataUniverseOptions {
  /** Path of the miner's SQLite database with the table `DataEntity`. */
  readonly dbPath: string
  /** How long a read waits for a writer that holds the database, in ms. Default 10,000. */
  readonly busyTimeoutMs?: number
}

/** What a column without BLOB holds; better-sqlite3 reads integers as numbers. */
type Value = string | number | null
interface RawRow {
  readonly uri: string
  readonly datetime: Value
  readonly label: Value
  readonly content: Value | Buffer
  readonly contentSizeBytes: Value
}

const columns = ['uri', 'datetime', 'timeBucketId', 'source', 'label', 'content', 'contentSizeBytes']

// TOTAL, since SUM fails on sizes beyond 64 bits. Answered by the index (timeBucketId, source, label, contentSizeBytes) alone.
const partitionsSql = `SELECT timeBucketId AS hour, source, COUNT(*) AS rows, TOTAL(contentSizeBytes) AS bytes
  FROM DataEntity GROUP BY timeBucketId, source`
const rowsSql = `SELECT uri, datetime, label, content, contentSizeBytes
  FROM DataEntity WHERE timeBucketId = ? AND source = ? ORDER BY uri_digest(uri)`

/**
 * Rows of Data Universe's miner database (`DataEntity`; the text `NULL` in `label` means no label).
 * Opens the file read-only; the miner may go on writing.
 * @throws StorageError `DATABASE_MISSING`, `DATABASE_CORRUPT`, `DATABASE_LOCKED`, `DATABASE_SCHEMA`
 */
export function createDataUniverseSource(options: DataUniverseOptions): RowSource {
  const path = options.dbPath
  let opened: SqliteDatabase | null = null

  function database(): SqliteDatabase {
    if (opened?.open === true) return opened
    if (!existsSync(path)) {
      throw new StorageError('DATABASE_MISSING', `no database at ${path}; check --db, or start the miner once`)
    }
    const db = openSqlite(path, { readonly: true, fileMustExist: true, timeout: options.busyTimeoutMs ?? 10_000 })
    try {
      db.function('uri_digest', { deterministic: true }, (uri: unknown) => Buffer.from(uriDigest(String(uri))))
      checkColumns(db, path)
    } catch (error) {
      db.close()
      throw error
    }
    opened = db
    return db
  }

  function reading<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      opened?.close() // a replaced or repaired file is found by opening it again
      opened = null
      throw databaseError(error, path)
    }
  }

  return {
    partitions() {
      return reading(() => groupPartitions(database().prepare(partitionsSql).all()))
    },
    *rows({ source, hour }) {
      const rows = reading(() => database().prepare<unknown[], RawRow>(rowsSql).iterate(hour, source))
      try {
        for (;;) {
          const next = reading(() => rows.next())
          if (next.done === true) return
          yield toRow(next.value, source, hour)
        }
      } finally {
        rows.return?.()
      }
    },
    close() {
      opened?.close()
      opened = null
    },
  }
}

function checkColumns(db: SqliteDatabase, path: string): void {
  const present = new Set(
    db
      .prepare<[], { name: string }>(`PRAGMA table_info('DataEntity')`)
      .all()
      .map((c) => c.name),
  )
  const missing = columns.filter((column) => !present.has(column))
  if (missing.length === 0) return
  const what = present.size === 0 ? 'no table DataEntity' : `no column ${missing.join(', ')} in table DataEntity`
  throw new StorageError('DATABASE_SCHEMA', `${path} has ${what}; is it the database of a Data Universe miner?`)
}

function groupPartitions(rows: readonly unknown[]): ReturnType<RowSource['partitions']> {
  const partitions: PartitionSummary[] = []
  const unplaceable: Unplaceable[] = []
  for (const row of rows as { hour: unknown; source: unknown; rows: number; bytes: unknown }[]) {
    const { hour, source } = row
    if (Number.isSafeInteger(hour) && Number.isSafeInteger(source) && Number(hour) >= 0 && Number(source) >= 0) {
      const bytes = typeof row.bytes === 'number' ? row.bytes : 0
      partitions.push({ source: Number(source), hour: Number(hour), rows: row.rows, bytes })
    } else {
      const reason = `timeBucketId ${String(hour)} with source ${String(source)} names no partition`
      unplaceable.push({ rows: row.rows, reason })
    }
  }
  return { partitions, unplaceable }
}

/** SQLite columns hold any type, whatever the schema says; text and bytes are taken for each other, null is empty. */
function toRow(raw: RawRow, source: number, hour: number): DataRow {
  const content = Buffer.isBuffer(raw.content)
    ? raw.content
    : Buffer.from(raw.content === null ? '' : String(raw.content))
  const size = raw.contentSizeBytes
  return {
    uri: raw.uri,
    datetime: raw.datetime === null ? '' : String(raw.datetime),
    timeBucketId: hour,
    source,
    label: raw.label === null || raw.label === 'NULL' ? null : String(raw.label),
    content,
    contentSizeBytes: Number.isSafeInteger(size) ? Number(size) : content.byteLength,
  }
}

function databaseError(error: unknown, path: string): unknown {
  if (StorageError.is(error)) return error
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return error
  const cause = { cause: error }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    const text = `${path} is locked by another process; stop what holds it or try again later`
    return new StorageError('DATABASE_LOCKED', text, { ...cause, retryable: true })
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    const text = `${path} is damaged or no SQLite database; check it with 'sqlite3 FILE "pragma integrity_check"'`
    return new StorageError('DATABASE_CORRUPT', text, cause)
  }
  if (code === 'SQLITE_ERROR') {
    return new StorageError('DATABASE_SCHEMA', `${path}: ${(error as Error).message}`, cause)
  }
  const text = `cannot read ${path} (${code}); check that the file and its folder are readable`
  return new StorageError('DATABASE_MISSING', text, cause)
}
