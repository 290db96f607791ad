import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openPrivateSqlite, openSqlite } from '../src/open.ts'

it('opens a database of the release for this Node', () => {
  const db = openSqlite(':memory:')
  db.exec('CREATE TABLE t(a INTEGER) STRICT')
  const add = db.prepare('INSERT INTO t VALUES (?)')
  db.transaction(() => [1, 2, 3].forEach((n) => add.run(n)))()
  expect(db.prepare('SELECT SUM(a) FROM t').pluck().get()).toBe(6)
  expect(() => db.prepare('INSERT INTO t VALUES (?)').run('text')).toThrow(
    expect.objectContaining({ code: 'SQLITE_CONSTRAINT_DATATYPE' }),
  )
  db.close()
})

it('passes options on', () => {
  expect(() => openSqlite('/nowhere/file.sqlite', { readonly: true })).toThrow(TypeError)
})

it.skipIf(process.platform === 'win32')('keeps a state to its owner, also one that was open to all', () => {
  const root = mkdtempSync(join(tmpdir(), 'private-'))
  const mode = (path: string): number => statSync(path).mode & 0o777
  const before = process.umask(0)
  try {
    const file = join(root, 'new', 'deep', 'state.sqlite')
    const db = openPrivateSqlite(file)
    db.pragma('journal_mode = WAL')
    db.exec('CREATE TABLE t(a)')
    expect([join(root, 'new'), join(root, 'new', 'deep')].map(mode)).toEqual([0o700, 0o700])
    expect([file, `${file}-wal`, `${file}-shm`].map(mode)).toEqual([0o600, 0o600, 0o600])
    db.close()
    chmodSync(file, 0o644)
    openPrivateSqlite(file, { readonly: true }).close()
    expect(mode(file)).toBe(0o600)
    // A folder of the user keeps its mode.
    const own = join(root, 'own.sqlite')
    writeFileSync(own, '')
    chmodSync(root, 0o755)
    openPrivateSqlite(own).close()
    expect([mode(root), mode(own)]).toEqual([0o755, 0o600])
  } finally {
    process.umask(before)
    rmSync(root, { recursive: true })
  }
})

it('opens a database in memory without a file', () => {
  openPrivateSqlite(':memory:').close()
})
