import { existsSync } from 'node:fs'
import { openPrivateSqlite, openSqlite, type SqliteDatabase } from '@sluice/sqlite'
import { StorageError } from '../errors.ts'

/** Raised with every change of the schema below. */
const schemaVersion = 1

// jobs: one per file and target backend. queued -> leased -> uploading -> stored -> verified; `dead` = never again by
// itself; `leaving` = superseded and about to be deleted there. A verified job is the record of the verified copy.
const schema = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE partitions(
  source TEXT NOT NULL, bucket INTEGER NOT NULL, source_id INTEGER NOT NULL,
  rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
  content_hash TEXT NOT NULL, format TEXT NOT NULL, hashed_at INTEGER NOT NULL,
  PRIMARY KEY(source, bucket)) WITHOUT ROWID;
CREATE TABLE digests(
  source TEXT NOT NULL, bucket INTEGER NOT NULL, digests BLOB NOT NULL, PRIMARY KEY(source, bucket));
CREATE TABLE files(
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, rows INTEGER,
  source TEXT, bucket INTEGER, live INTEGER NOT NULL, path TEXT, sealed_at INTEGER NOT NULL);
CREATE INDEX files_partition ON files(source, bucket);
CREATE TABLE jobs(
  file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE, backend TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('queued','leased','uploading','stored','verified','dead','leaving')),
  attempts INTEGER NOT NULL DEFAULT 0, error_code TEXT, error TEXT, location TEXT, updated_at INTEGER NOT NULL,
  PRIMARY KEY(file, backend)) WITHOUT ROWID;
CREATE INDEX jobs_state ON jobs(backend, state);
CREATE TABLE targets(
  backend TEXT PRIMARY KEY, identity TEXT NOT NULL, sequence INTEGER NOT NULL DEFAULT 0, manifest_sha256 TEXT,
  manifest_at INTEGER, breaker TEXT, retry_at INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE listed(
  backend TEXT NOT NULL REFERENCES targets(backend), file INTEGER NOT NULL REFERENCES files(id),
  PRIMARY KEY(backend, file)) WITHOUT ROWID;
CREATE INDEX listed_file ON listed(file);
`

/**
 * Opens or creates the state database: WAL, `synchronous=FULL` (a commit survives a power cut), foreign keys.
 * @throws StorageError `STATE_CORRUPT`, `STATE_FOREIGN`, `STATE_UNWRITABLE`
 */
export function openState(stateFile: string, options: { readonly readonly?: boolean } = {}): SqliteDatabase {
  let db: SqliteDatabase | null = null
  try {
    if (options.readonly === true && !existsSync(stateFile)) {
      const text = `there is no state file ${stateFile}; run sluice-miner upload first, or name the right one with --state-file`
      throw new StorageError('STATE_UNWRITABLE', text)
    }
    db =
      options.readonly === true
        ? openSqlite(stateFile, { readonly: true, fileMustExist: true })
        : openPrivateSqlite(stateFile)
    db.pragma('foreign_keys = ON')
    const version = Number(db.pragma('user_version', { simple: true }))
    if (options.readonly !== true) {
      db.pragma('journal_mode = WAL')
      db.pragma('synchronous = FULL')
      if (version === 0) create(db, stateFile)
    }
    if (version !== 0 && version !== schemaVersion) {
      const text = `${stateFile} has version ${version}, this program writes ${schemaVersion}; update the program`
      throw new StorageError('STATE_FOREIGN', text)
    }
    const check = options.readonly === true ? 'ok' : String(db.pragma('quick_check(1)', { simple: true }))
    if (check !== 'ok') throw corrupt(stateFile, new Error(check))
    return db
  } catch (error) {
    db?.close()
    throw stateError(error, stateFile)
  }
}

function create(db: SqliteDatabase, stateFile: string): void {
  const tables = Number(db.prepare('SELECT COUNT(*) FROM sqlite_master').pluck().get())
  if (tables > 0) {
    throw new StorageError('STATE_FOREIGN', `${stateFile} is a database of another program; choose another state file`)
  }
  db.transaction(() => {
    db.exec(schema)
    db.pragma(`user_version = ${schemaVersion}`)
  }).immediate()
}

function corrupt(stateFile: string, cause: unknown): StorageError {
  const text =
    `${stateFile} is damaged; move it away and start again: ` +
    `what is stored is found again through the manifests, what is not is exported again from the database`
  return new StorageError('STATE_CORRUPT', text, { cause })
}

/** A failure of the state database as a `StorageError`; anything else unchanged. */
export function stateError(error: unknown, stateFile: string): unknown {
  if (StorageError.is(error)) return error
  const code = String((error as { code?: unknown } | null)?.code)
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return corrupt(stateFile, error)
  if (code === 'SQLITE_FULL') {
    const text = `the disk of ${stateFile} is full; free space and start again, nothing was lost`
    return new StorageError('NO_SPACE', text, { retryable: true, cause: error })
  }
  if (code.startsWith('SQLITE_') || code.startsWith('E')) {
    const text = `cannot use ${stateFile} (${code}); check that it exists, that its folder is writable and the disk sound`
    return new StorageError('STATE_UNWRITABLE', text, { cause: error })
  }
  return error
}
