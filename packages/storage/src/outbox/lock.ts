import { openPrivateSqlite, type SqliteDatabase } from '@sluice/sqlite'
import { StorageError } from '../errors.ts'

/** Exclusive right to one state file. */
export interface StateLock {
  release(): void
}

/**
 * Takes the state file for this process. The lock is a second SQLite database held with `BEGIN EXCLUSIVE`: the kernel
 * releases it when the process dies, so a killed miner leaves no stale lock behind.
 * @throws StorageError `STATE_LOCKED` when another process has it, `STATE_UNWRITABLE`
 */
export function lockState(stateFile: string): StateLock {
  const path = `${stateFile}.lock`
  let db: SqliteDatabase | null = null
  try {
    db = openPrivateSqlite(path, { timeout: 0 })
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db?.close()
    const code = String((error as { code?: unknown }).code)
    if (code.startsWith('SQLITE_BUSY')) {
      const text = `another miner works on ${stateFile}; stop it first, or give this one its own --state-file`
      throw new StorageError('STATE_LOCKED', text, { cause: error })
    }
    if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
      throw new StorageError('STATE_CORRUPT', `${path} is no lock file of this program; delete it`, { cause: error })
    }
    const text = `cannot write ${path} (${code}); check the folder's rights and free space`
    throw new StorageError('STATE_UNWRITABLE', text, { cause: error })
  }
  const held = db
  return { release: () => void held.close() }
}
