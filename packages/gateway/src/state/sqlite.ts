import { openPrivateSqlite, type SqliteDatabase } from '@sluice/sqlite'
import type { Rate } from '../limits.ts'
import { createBatch } from './batch.ts'
import { CLOCK_SKEW_MS, type Opening, reserved, type Session, type State, type Taken } from './state.ts'

const schema = `
CREATE TABLE IF NOT EXISTS nonce(name TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS nonce_until ON nonce(until);
CREATE TABLE IF NOT EXISTS bucket(name TEXT PRIMARY KEY, tokens REAL NOT NULL, at INTEGER NOT NULL, full_at INTEGER NOT NULL)
  WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS session(upload_id TEXT PRIMARY KEY, hotkey TEXT NOT NULL, open INTEGER NOT NULL,
  bytes INTEGER NOT NULL, expires INTEGER NOT NULL, json TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE INDEX IF NOT EXISTS session_hotkey ON session(hotkey, open);
CREATE INDEX IF NOT EXISTS session_expires ON session(expires);
CREATE TABLE IF NOT EXISTS kept(name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID, STRICT;
PRAGMA user_version = 1;
`
/** Old nonces and full purses are removed after so many writes. */
const SWEEP_EVERY = 2_000
/** Only at the start, when another gateway may be starting too. */
const OPENING_MS = 10_000

/**
 * State in one SQLite file, for gateways on one machine. A killed process loses nothing; a power cut may lose the last
 * moments (`synchronous=NORMAL`), after which the time window alone guards against replays for a minute.
 * @param file a path, or `:memory:`
 */
export function createSqliteState(file: string): State {
  const db = openPrivateSqlite(file)
  db.pragma(`busy_timeout = ${OPENING_MS}`)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL')
  db.exec(schema)
  // SQLite waits by halting the process; the batch waits without.
  db.pragma('busy_timeout = 0')
  const statements = prepare(db)
  const write = createBatch(db)
  let writes = 0

  const sweep = (now: number): void => {
    if (++writes % SWEEP_EVERY !== 0) return
    statements.dropNonces.run(now)
    statements.dropPurses.run(now)
  }
  const take = (name: string, { burst, perSecond }: Rate, now: number): Taken => {
    const row = statements.purse.get(name) as { tokens: number; at: number } | undefined
    const passed = row === undefined ? 0 : Math.max(0, now - row.at)
    const tokens = row === undefined ? burst : Math.min(burst, row.tokens + (passed * perSecond) / 1000)
    const left = tokens < 1 ? tokens : tokens - 1
    const at = row === undefined || row.at - now >= CLOCK_SKEW_MS ? now : Math.max(now, row.at)
    statements.setPurse.run(name, left, at, Math.ceil(at + ((burst - left) * 1000) / perSecond))
    return tokens < 1 ? { ok: false, retryAfterMs: Math.ceil(((1 - tokens) * 1000) / perSecond) } : { ok: true }
  }
  const open = (session: Session, caps: { readonly uploads: number; readonly bytes: number }): Opening => {
    const taken = statements.used.get(session.hotkey) as { uploads: number; bytes: number }
    const used = { ...taken, bytes: taken.bytes + reserved(session) }
    if (used.uploads >= caps.uploads) return 'too many uploads'
    if (used.bytes + (session.bytes ?? 0) > caps.bytes) return 'too many bytes'
    const { uploadId, hotkey, bytes, expiresAt } = session
    statements.insert.run(uploadId, hotkey, bytes ?? reserved(session), expiresAt, JSON.stringify(session))
    return 'opened'
  }
  const finish = (uploadId: string, result: Session['result'], until: number): void => {
    const session = parse(statements.find.get(uploadId))
    if (session === null) return
    statements.finish.run(until, JSON.stringify({ ...session, result, expiresAt: until }), uploadId)
  }

  return {
    // Swept here too: unsigned requests from many addresses are all that some gateways see.
    take: async (purse, rate, now) =>
      await write(() => {
        sweep(now)
        return take(purse, rate, now)
      }),
    takeOnce: async ({ name, until }, purse, rate, now) =>
      await write(() => {
        sweep(now)
        return statements.remember.run(name, until).changes === 1 ? take(purse, rate, now) : 'known'
      }),
    open: async (session, caps) => await write(() => open(session, caps)),
    find: async (uploadId) => parse(statements.find.get(uploadId)),
    openCount: async (hotkey) => (statements.used.get(hotkey) as { uploads: number }).uploads,
    openOf: async (hotkey) => parseAll(statements.openOf.all(hotkey)),
    finish: async (uploadId, result, until) => await write(() => finish(uploadId, result, until)),
    forget: async (uploadId) => void (await write(() => statements.forget.run(uploadId))),
    claimExpired: async (now, leaseUntil, limit) =>
      await write(() => parseAll(statements.claim.all(leaseUntil, now, limit))),
    keep: async (name, text) => void (await write(() => statements.keep.run(name, text))),
    kept: async (name) => (statements.kept.get(name) as { text: string } | undefined)?.text ?? null,
    ping: async () => void db.prepare('SELECT 1').get(),
    close: async () => void db.close(),
  }
}

const prepareOne = (db: SqliteDatabase, text: string) => db.prepare(text)

function prepare(db: SqliteDatabase): Readonly<Record<Name, ReturnType<typeof prepareOne>>> {
  const prepared = Object.entries(texts).map(([name, text]) => [name, prepareOne(db, text)] as const)
  return Object.fromEntries(prepared) as Record<Name, ReturnType<typeof prepareOne>>
}

const texts = {
  remember: 'INSERT OR IGNORE INTO nonce VALUES (?, ?)',
  dropNonces: 'DELETE FROM nonce WHERE until < ?',
  purse: 'SELECT tokens, at FROM bucket WHERE name = ?',
  setPurse: 'INSERT OR REPLACE INTO bucket VALUES (?, ?, ?, ?)',
  dropPurses: 'DELETE FROM bucket WHERE full_at < ?',
  used: 'SELECT count(*) AS uploads, coalesce(sum(bytes), 0) AS bytes FROM session WHERE hotkey = ? AND open = 1',
  insert: 'INSERT INTO session VALUES (?, ?, 1, ?, ?, ?)',
  find: 'SELECT json FROM session WHERE upload_id = ?',
  openOf: 'SELECT json FROM session WHERE hotkey = ? AND open = 1 ORDER BY expires',
  finish: 'UPDATE session SET open = 0, expires = ?, json = ? WHERE upload_id = ?',
  forget: 'DELETE FROM session WHERE upload_id = ?',
  claim: `UPDATE session SET expires = ? WHERE upload_id IN
    (SELECT upload_id FROM session WHERE expires < ? ORDER BY expires LIMIT ?) RETURNING json`,
  keep: 'INSERT OR REPLACE INTO kept VALUES (?, ?)',
  kept: 'SELECT text FROM kept WHERE name = ?',
} as const
type Name = keyof typeof texts

function parse(row: unknown): Session | null {
  return row === undefined ? null : (JSON.parse((row as { json: string }).json) as Session)
}

function parseAll(rows: readonly unknown[]): readonly Session[] {
  return rows.map((row) => JSON.parse((row as { json: string }).json) as Session)
}
