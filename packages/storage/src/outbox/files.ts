import type { SqliteDatabase } from '@sluice/sqlite'

/** One content-addressed part of a partition, or one file under `files/` (then source and hour are null). */
export interface OutboxFile {
  readonly id: number
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly rows: number | null
  readonly source: string | null
  readonly hour: number | null
  /** False once a newer export replaced it. */
  readonly live: boolean
  /** Name in the spool folder, null when there is no local copy. */
  readonly path: string | null
}

type NewFile = Omit<OutboxFile, 'id' | 'live'> & { readonly live?: boolean }

export interface FileTable {
  /** Inserts the file or revives and updates the one with this key; returns its id. */
  put(file: NewFile, now: number): number
  byKey(key: string): OutboxFile | null
  live(): readonly OutboxFile[]
  /** Live and superseded files of one partition. */
  ofPartition(partition: { readonly source: string; readonly hour: number }): readonly OutboxFile[]
  /** Live files that have no verified copy in the backend. */
  missingIn(backend: string): readonly OutboxFile[]
  /** Files that have a verified copy in the backend, live or not. */
  verifiedIn(backend: string): readonly OutboxFile[]
  withLocalCopy(): readonly OutboxFile[]
  supersede(id: number): void
  forgetPath(id: number): void
  /** Removes superseded files that no backend holds or lists any more. */
  removeGone(): void
}

type Row = Omit<OutboxFile, 'live'> & { readonly live: number }
const toFile = (row: Row): OutboxFile => ({ ...row, live: row.live === 1 })
const columns = 'f.id, f.key, f.bytes, f.sha256, f.rows, f.source, f.bucket AS hour, f.live, f.path'

export function createFileTable(db: SqliteDatabase): FileTable {
  const select = (rest: string) => db.prepare<unknown[], Row>(`SELECT ${columns} FROM files f ${rest}`)
  const byKey = select('WHERE f.key = ?')
  const live = select('WHERE f.live = 1 ORDER BY f.key')
  const ofPartition = select('WHERE f.source = ? AND f.bucket = ? ORDER BY f.key')
  const missing = select(`WHERE f.live = 1 AND NOT EXISTS (
    SELECT 1 FROM jobs j WHERE j.file = f.id AND j.backend = ? AND j.state = 'verified') ORDER BY f.bucket DESC, f.key`)
  const verified = select(`JOIN jobs j ON j.file = f.id WHERE j.backend = ? AND j.state = 'verified' ORDER BY f.key`)
  const local = select('WHERE f.path IS NOT NULL')
  const insert = db
    .prepare<unknown[], number>(
      `INSERT INTO files(key, bytes, sha256, rows, source, bucket, live, path, sealed_at)
       VALUES (@key, @bytes, @sha256, @rows, @source, @hour, @live, @path, @now)
       ON CONFLICT(key) DO UPDATE SET bytes = excluded.bytes, sha256 = excluded.sha256, rows = excluded.rows,
         live = excluded.live, path = excluded.path, sealed_at = excluded.sealed_at RETURNING id`,
    )
    .pluck()
  const supersede = db.prepare('UPDATE files SET live = 0 WHERE id = ?')
  const forgetPath = db.prepare('UPDATE files SET path = NULL WHERE id = ?')
  const removeGone = db.prepare(
    `DELETE FROM files WHERE live = 0 AND path IS NULL
       AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.file = files.id)
       AND NOT EXISTS (SELECT 1 FROM listed l WHERE l.file = files.id)`,
  )
  const many = (statement: typeof live, ...values: unknown[]) => statement.all(...values).map(toFile)
  return {
    put: (file, now) => insert.get({ ...file, live: file.live === false ? 0 : 1, now }) as number,
    byKey(key) {
      const row = byKey.get(key)
      return row === undefined ? null : toFile(row)
    },
    live: () => many(live),
    ofPartition: ({ source, hour }) => many(ofPartition, source, hour),
    missingIn: (backend) => many(missing, backend),
    verifiedIn: (backend) => many(verified, backend),
    withLocalCopy: () => many(local),
    supersede: (id) => void supersede.run(id),
    forgetPath: (id) => void forgetPath.run(id),
    removeGone: () => void removeGone.run(),
  }
}
