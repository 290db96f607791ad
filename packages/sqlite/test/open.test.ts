import { expect, it } from 'vitest'
import { openSqlite } from '../src/open.ts'

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
