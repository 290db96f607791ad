import { closeSync, fchmodSync, fstatSync, mkdirSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type BetterSqlite3 from 'better-sqlite3'

export type SqliteDatabase = BetterSqlite3.Database
export type SqliteOptions = BetterSqlite3.Options

// Version 12 aborts the process on Node 24.19 and later when a statement is collected while no environment is entered;
// version 13 is built differently and needs Node 22. See docs/decisions/083.
const driver = Number(process.versions.node.split('.')[0]) >= 22 ? 'better-sqlite3-13' : 'better-sqlite3'
let Driver: typeof BetterSqlite3 | null = null

/**
 * Opens a database as `new Database(path, options)` of better-sqlite3 does.
 * @throws Error when the driver could not be installed; SqliteError, TypeError as better-sqlite3
 */
export function openSqlite(path: string, options?: SqliteOptions): SqliteDatabase {
  Driver ??= load()
  return new Driver(path, options)
}

/**
 * Opens a program's own state: the folder is made for its owner alone (0700), the file can be read and written by its
 * owner alone (0600), also when an earlier release made it readable by all. SQLite gives `-wal` and `-shm` the same mode.
 * @param path a file, or `:memory:`
 * @throws the file system's error; else as `openSqlite`
 */
export function openPrivateSqlite(path: string, options?: SqliteOptions): SqliteDatabase {
  if (path !== ':memory:') {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeToOthers(path)
  }
  return openSqlite(path, options)
}

function closeToOthers(path: string): void {
  const file = openSync(path, 'a', 0o600)
  try {
    const { mode, uid } = fstatSync(file)
    // Another's file that we may write is his to close.
    if ((mode & 0o077) !== 0 && uid === process.getuid?.()) fchmodSync(file, mode & 0o700)
  } finally {
    closeSync(file)
  }
}

function load(): typeof BetterSqlite3 {
  try {
    return createRequire(import.meta.url)(driver) as typeof BetterSqlite3
  } catch (cause) {
    const text = `the SQLite driver ${driver} is not installed for Node ${process.versions.node}; install the packages anew with this Node`
    throw new Error(text, { cause })
  }
}
