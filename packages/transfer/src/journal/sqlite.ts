import { openPrivateSqlite, type SqliteDatabase } from '@sluice/sqlite'
import { TransferError } from '../errors.ts'
import type { Claim, Journal, JournalEntry } from './port.ts'
import { processMark } from './process-mark.ts'

export interface SqliteJournal extends Journal {
  close(): void
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS upload (
    upload_id TEXT PRIMARY KEY, destination TEXT NOT NULL, key TEXT NOT NULL, part_size INTEGER NOT NULL,
    bytes INTEGER, fingerprint TEXT NOT NULL, source TEXT NOT NULL, checksum TEXT NOT NULL,
    started_at INTEGER NOT NULL, expected TEXT) STRICT;
  CREATE INDEX IF NOT EXISTS upload_key ON upload (destination, key);
  CREATE TABLE IF NOT EXISTS part (
    upload_id TEXT NOT NULL REFERENCES upload ON DELETE CASCADE, part_number INTEGER NOT NULL, bytes INTEGER NOT NULL,
    crc32 TEXT NOT NULL, etag TEXT NOT NULL, PRIMARY KEY (upload_id, part_number)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS claim (
    destination TEXT NOT NULL, key TEXT NOT NULL, pid INTEGER NOT NULL, mark TEXT NOT NULL,
    PRIMARY KEY (destination, key)) STRICT, WITHOUT ROWID;
`
const VERSION = 1
/** The mark of no process. */
const UNCLEAR = 'unclear'
/** A look costs a twentieth of a small file's time; two processes that begin one key within this race in any case. */
const EMPTY_MS = 100

/**
 * A journal in one SQLite file, which several processes may use at once.
 * @param clock milliseconds from any origin
 * @throws TransferError `JOURNAL`, also from its methods
 */
export function createSqliteJournal(file: string, clock: () => number = () => performance.now()): SqliteJournal {
  const attempt = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw journalError(file, error)
    }
  }
  const db = attempt(() => open(file))
  const own = processMark(process.pid) ?? ''
  const sql = attempt(() => ({
    find: db.prepare('SELECT * FROM upload WHERE destination = ? AND key = ? ORDER BY started_at DESC LIMIT 1'),
    any: db.prepare('SELECT 1 FROM upload LIMIT 1'),
    list: db.prepare('SELECT * FROM upload ORDER BY started_at'),
    save: db.prepare(
      `INSERT INTO upload VALUES (:upload_id, :destination, :key, :part_size, :bytes, :fingerprint, :source, :checksum,
       :started_at, :expected) ON CONFLICT (upload_id) DO UPDATE SET expected = excluded.expected`,
    ),
    savePart: db.prepare(
      'INSERT OR REPLACE INTO part SELECT :upload_id, :partNumber, :bytes, :crc32, :etag ' +
        'WHERE EXISTS (SELECT 1 FROM upload WHERE upload_id = :upload_id)',
    ),
    parts: db.prepare('SELECT part_number, bytes, crc32, etag FROM part WHERE upload_id = ? ORDER BY part_number'),
    remove: db.prepare('DELETE FROM upload WHERE upload_id = ?'),
    holder: db.prepare('SELECT pid, mark FROM claim WHERE destination = ? AND key = ?'),
    claim: db.prepare('INSERT OR REPLACE INTO claim VALUES (?, ?, ?, ?)'),
    release: db.prepare('DELETE FROM claim WHERE destination = ? AND key = ? AND pid = ?'),
    leave: db.prepare('UPDATE claim SET mark = ? WHERE destination = ? AND key = ? AND pid = ?'),
  }))
  /** On disk, also after a power cut, when it returns; everything else survives the death of the process. */
  const durably = (work: () => void): void => {
    db.pragma('synchronous = FULL')
    try {
      work()
    } finally {
      db.pragma('synchronous = NORMAL')
    }
  }
  const claim = db.transaction((destination: string, key: string): Claim => {
    // A strict table: the columns have these types.
    const holder = sql.holder.get(destination, key) as { readonly pid: number; readonly mark: string } | undefined
    const isOwn = holder?.pid === process.pid && holder.mark === own
    if (holder !== undefined && !isOwn && processMark(holder.pid) === holder.mark) return 'denied'
    sql.claim.run(destination, key, process.pid, own)
    return holder === undefined || isOwn ? 'granted' : 'inherited'
  })
  let emptyUntil = -Infinity
  return {
    find: async (destination, key) => {
      const row = attempt(() => sql.find.get(destination, key))
      if (row === undefined) return null
      const { readEntry } = await import('./rows.ts')
      return attempt(() => readEntry(row))
    },
    isEmpty: () => {
      if (clock() < emptyUntil) return true
      const isEmpty = attempt(() => sql.any.get()) === undefined
      if (isEmpty) emptyUntil = clock() + EMPTY_MS
      return isEmpty
    },
    list: async () => {
      const { readEntry } = await import('./rows.ts')
      return attempt(() => sql.list.all().map(readEntry))
    },
    save: async (entry) => {
      emptyUntil = -Infinity
      attempt(() => durably(() => sql.save.run(writeEntry(entry))))
    },
    savePart: async (upload_id, part) => void attempt(() => sql.savePart.run({ upload_id, ...part })),
    parts: async (uploadId) => {
      const { readPart } = await import('./rows.ts')
      return attempt(() => sql.parts.all(uploadId).map(readPart))
    },
    remove: async (uploadId) => void attempt(() => sql.remove.run(uploadId)),
    claim: async (destination, key) => attempt(() => claim.immediate(destination, key)),
    release: async (destination, key, isClear) =>
      attempt(() => {
        if (isClear) sql.release.run(destination, key, process.pid)
        else sql.leave.run(UNCLEAR, destination, key, process.pid)
      }),
    close: () => void db.close(),
  }
}

function open(file: string): SqliteDatabase {
  const db = openPrivateSqlite(file, { timeout: 10_000 })
  try {
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = NORMAL')
    db.pragma('foreign_keys = ON')
    const version = Number(db.pragma('user_version', { simple: true }))
    if (version > VERSION) throw new Error('it was written by a newer version of this program')
    db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT;`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function writeEntry(entry: JournalEntry): Record<string, unknown> {
  return {
    upload_id: entry.uploadId,
    destination: entry.destination,
    key: entry.key,
    part_size: entry.partSize,
    bytes: entry.bytes,
    fingerprint: entry.fingerprint,
    source: entry.source,
    checksum: entry.checksum,
    started_at: entry.startedAt,
    expected: entry.expected === null ? null : JSON.stringify(entry.expected),
  }
}

function journalError(file: string, cause: unknown): TransferError {
  const code = (cause as { code?: unknown }).code
  const why = typeof code === 'string' ? code : (cause as Error).message.slice(0, 200)
  const text = `The journal ${file} cannot be used (${why}). Check rights and free space; a broken one may be deleted.`
  return new TransferError('JOURNAL', text, { retryable: false, cause })
}
