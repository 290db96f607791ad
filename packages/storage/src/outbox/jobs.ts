import type { SqliteDatabase } from '@sluice/sqlite'

type JobState = 'queued' | 'leased' | 'uploading' | 'stored' | 'verified' | 'dead' | 'leaving'

/** A queued job together with the file it has to send. */
export interface SendJob {
  readonly file: number
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly rows: number | null
  readonly source: string | null
  /** Name in the spool folder. */
  readonly path: string
  readonly attempts: number
}

interface JobCount {
  readonly backend: string
  readonly state: JobState
  readonly jobs: number
  readonly bytes: number
}

export interface DeadJob {
  readonly backend: string
  readonly key: string
  readonly code: string | null
  readonly error: string | null
}

export interface JobTable {
  /** One job for the file and backend, queued, unless there is one already. */
  ensure(file: number, backend: string, now: number): void
  /** Queued jobs of live files that lie in the spool, oldest hours last. */
  sendable(backend: string): readonly SendJob[]
  set(file: number, backend: string, state: JobState, now: number): void
  /** Marks the start of an attempt. */
  begin(file: number, backend: string, now: number): void
  fail(file: number, backend: string, state: 'queued' | 'dead', code: string, error: string, now: number): void
  verify(file: number, backend: string, location: string, now: number): void
  isVerified(file: number, backend: string): boolean
  /** Forgets everything about one file, e.g. because its content changed under the same key. */
  removeFile(file: number): void
  remove(file: number, backend: string): void
  /** Forgets all jobs of a backend whose place changed. */
  removeBackend(backend: string): void
  /** Superseded files that may lie in the backend and are not listed in its last manifest. */
  deletable(backend: string): readonly { readonly file: number; readonly key: string }[]
  /** Jobs of superseded files that were never tried. */
  removeUntried(): void
  /** Never-tried jobs of live files for a backend that is not wanted any more. */
  removeIdle(backend: string): void
  requeueInterrupted(): void
  counts(): readonly JobCount[]
  dead(): readonly DeadJob[]
}

export function createJobTable(db: SqliteDatabase): JobTable {
  const ensure = db.prepare(
    `INSERT INTO jobs(file, backend, state, updated_at) VALUES (?, ?, 'queued', ?)
     ON CONFLICT(file, backend) DO UPDATE SET state = 'queued' WHERE state = 'leaving'`,
  )
  const sendable = db.prepare<[string], SendJob>(
    `SELECT f.id AS file, f.key, f.bytes, f.sha256, f.rows, f.source, f.path, j.attempts
     FROM jobs j JOIN files f ON f.id = j.file
     WHERE j.backend = ? AND j.state = 'queued' AND f.live = 1 AND f.path IS NOT NULL ORDER BY f.bucket DESC, f.key`,
  )
  const set = db.prepare('UPDATE jobs SET state = ?, updated_at = ? WHERE file = ? AND backend = ?')
  const begin = db.prepare(
    `UPDATE jobs SET state = 'uploading', attempts = attempts + 1, updated_at = ? WHERE file = ? AND backend = ?`,
  )
  const fail = db.prepare(
    'UPDATE jobs SET state = ?, error_code = ?, error = ?, updated_at = ? WHERE file = ? AND backend = ?',
  )
  const verify = db.prepare(
    `INSERT INTO jobs(file, backend, state, location, updated_at) VALUES (@file, @backend, 'verified', @location, @now)
     ON CONFLICT(file, backend) DO UPDATE SET state = 'verified', location = excluded.location, error_code = NULL,
       error = NULL, updated_at = excluded.updated_at`,
  )
  const isVerified = db.prepare(`SELECT 1 FROM jobs WHERE file = ? AND backend = ? AND state = 'verified'`).pluck()
  const removeFile = db.prepare('DELETE FROM jobs WHERE file = ?')
  const remove = db.prepare('DELETE FROM jobs WHERE file = ? AND backend = ?')
  const removeBackend = db.prepare('DELETE FROM jobs WHERE backend = ?')
  const deletable = db.prepare<[string], { file: number; key: string }>(
    `SELECT f.id AS file, f.key FROM jobs j JOIN files f ON f.id = j.file
     WHERE j.backend = ? AND f.live = 0
       AND NOT EXISTS (SELECT 1 FROM listed l WHERE l.file = f.id AND l.backend = j.backend)`,
  )
  const removeUntried = db.prepare(
    `DELETE FROM jobs WHERE state = 'queued' AND attempts = 0 AND file IN (SELECT id FROM files WHERE live = 0)`,
  )
  const removeIdle = db.prepare(`DELETE FROM jobs WHERE backend = ? AND state = 'queued' AND attempts = 0`)
  const requeue = db.prepare(`UPDATE jobs SET state = 'queued' WHERE state IN ('leased', 'uploading', 'stored')`)
  const counts = db.prepare<[], JobCount>(
    `SELECT j.backend, j.state, COUNT(*) AS jobs, SUM(f.bytes) AS bytes FROM jobs j JOIN files f ON f.id = j.file
     WHERE f.live = 1 GROUP BY j.backend, j.state ORDER BY j.backend, j.state`,
  )
  const dead = db.prepare<[], DeadJob>(
    `SELECT j.backend, f.key, j.error_code AS code, j.error FROM jobs j JOIN files f ON f.id = j.file
     WHERE j.state = 'dead' ORDER BY j.backend, f.key`,
  )
  return {
    ensure: (file, backend, now) => void ensure.run(file, backend, now),
    sendable: (backend) => sendable.all(backend),
    set: (file, backend, state, now) => void set.run(state, now, file, backend),
    begin: (file, backend, now) => void begin.run(now, file, backend),
    fail: (file, backend, state, code, error, now) => void fail.run(state, code, error, now, file, backend),
    verify: (file, backend, location, now) => void verify.run({ file, backend, location, now }),
    isVerified: (file, backend) => isVerified.get(file, backend) !== undefined,
    removeFile: (file) => void removeFile.run(file),
    remove: (file, backend) => void remove.run(file, backend),
    removeBackend: (backend) => void removeBackend.run(backend),
    deletable: (backend) => deletable.all(backend),
    removeUntried: () => void removeUntried.run(),
    removeIdle: (backend) => void removeIdle.run(backend),
    requeueInterrupted: () => void requeue.run(),
    counts: () => counts.all(),
    dead: () => dead.all(),
  }
}
