import type { SqliteDatabase } from '@sluice/sqlite'

/** What is known of one backend: where it is and which manifest was last written there. */
interface TargetState {
  readonly backend: string
  /** Place that the copies are in, e.g. `s3://bucket at endpoint`; another place means other copies. */
  readonly identity: string
  /** Sequence of the last manifest, 0 before the first. */
  readonly sequence: number
  readonly manifestSha256: string | null
  /** ms since 1970. */
  readonly manifestAt: number | null
  /** Circuit breaker as JSON. */
  readonly breaker: string | null
  /** The backend asked not to be called before this time, ms since 1970. */
  readonly retryAt: number
}

export interface TargetTable {
  get(backend: string): TargetState | null
  all(): readonly TargetState[]
  /** Starts anew with another place: no manifest, nothing listed; the sequence goes on, so that it never goes back. */
  reset(backend: string, identity: string): void
  setBreaker(backend: string, breaker: string): void
  setRetryAt(backend: string, retryAt: number): void
  setManifest(backend: string, sequence: number, sha256: string | null, at: number, files: readonly number[]): void
  /** Forgets that a file was listed anywhere, because its content changed under the same key. */
  unlist(file: number): void
  /** Ids of the files in the last manifest. */
  listed(backend: string): ReadonlySet<number>
}

export function createTargetTable(db: SqliteDatabase): TargetTable {
  const columns = `backend, identity, sequence, manifest_sha256 AS manifestSha256, manifest_at AS manifestAt, breaker,
    retry_at AS retryAt`
  const get = db.prepare<[string], TargetState>(`SELECT ${columns} FROM targets WHERE backend = ?`)
  const all = db.prepare<[], TargetState>(`SELECT ${columns} FROM targets ORDER BY backend`)
  const reset = db.prepare(
    `INSERT INTO targets(backend, identity) VALUES (?, ?) ON CONFLICT(backend) DO UPDATE SET
       identity = excluded.identity, manifest_sha256 = NULL, manifest_at = NULL, breaker = NULL, retry_at = 0`,
  )
  const setBreaker = db.prepare('UPDATE targets SET breaker = ? WHERE backend = ?')
  const setRetryAt = db.prepare('UPDATE targets SET retry_at = ? WHERE backend = ?')
  const setManifest = db.prepare(
    'UPDATE targets SET sequence = ?, manifest_sha256 = ?, manifest_at = ? WHERE backend = ?',
  )
  const unlist = db.prepare('DELETE FROM listed WHERE backend = ?')
  const unlistFile = db.prepare('DELETE FROM listed WHERE file = ?')
  const list = db.prepare('INSERT INTO listed VALUES (?, ?)')
  const listed = db.prepare<[string], number>('SELECT file FROM listed WHERE backend = ?').pluck()
  return {
    get: (backend) => get.get(backend) ?? null,
    all: () => all.all(),
    reset(backend, identity) {
      unlist.run(backend)
      reset.run(backend, identity)
    },
    setBreaker: (backend, breaker) => void setBreaker.run(breaker, backend),
    setRetryAt: (backend, retryAt) => void setRetryAt.run(retryAt, backend),
    setManifest(backend, sequence, sha256, at, files) {
      setManifest.run(sequence, sha256, at, backend)
      unlist.run(backend)
      for (const file of files) list.run(backend, file)
    },
    unlist: (file) => void unlistFile.run(file),
    listed: (backend) => new Set(listed.all(backend)),
  }
}
