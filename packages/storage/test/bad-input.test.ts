import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openSqlite } from '@sluice/sqlite'
import { BackendError } from '@sluice/backends'
import { RolloutError } from '@sluice/rollout'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StorageError } from '../src/errors.ts'
import { addRows, createTestMiner, down, manyRows, s3Policy, type TestMiner } from './miner.ts'

let miner: TestMiner
beforeEach(async () => {
  miner = await createTestMiner()
})
afterEach(() => miner.close())

/** Replaces the miner's database file. */
function replaceDatabase(content: Buffer | null): void {
  miner.db.close()
  for (const end of ['', '-wal', '-shm']) rmSync(`${miner.dbPath}${end}`, { force: true })
  if (content !== null) writeFileSync(miner.dbPath, content)
}

describe('the database', () => {
  it.each([
    ['missing', null, 'DATABASE_MISSING'],
    ['no SQLite file', Buffer.from('this is no database, whatever its name says. '.repeat(30)), 'DATABASE_CORRUPT'],
    ['empty', Buffer.alloc(0), 'DATABASE_SCHEMA'],
  ])('%s is a plain error, and the process goes on when it is back', async (_name, content, code) => {
    replaceDatabase(content)
    const storage = await miner.open()
    await expect(storage.uploadData()).rejects.toMatchObject({ name: 'StorageError', code })
    rmSync(miner.dbPath, { force: true })
    const { openMinerDatabase } = await import('./miner.ts')
    miner.db = openMinerDatabase(miner.dbPath)
    addRows(miner.db, manyRows(20))
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
  })

  it('damaged in the middle: what can be read is stored, the rest is told', async () => {
    addRows(miner.db, manyRows(4000))
    const all = miner.sourceUris()
    miner.db.pragma('wal_checkpoint(TRUNCATE)')
    const { readFileSync } = await import('node:fs')
    const bytes = readFileSync(miner.dbPath)
    bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 8192)
    replaceDatabase(bytes)
    miner.db = openSqlite(miner.dbPath)
    const storage = await miner.open()
    const outcome = await storage.uploadData().catch((error: unknown) => error)
    if (StorageError.is(outcome)) expect(outcome.code).toBe('DATABASE_CORRUPT')
    else
      expect(outcome).toMatchObject({
        complete: false,
        failedAttempts: expect.arrayContaining([expect.objectContaining({ code: 'DATABASE_CORRUPT' })]),
      })
    for (const uri of await miner.uris('huggingface')) expect(all).toContain(uri)
  })

  it('locked by another process is retryable', async () => {
    replaceDatabase(null)
    const blocker = openSqlite(miner.dbPath)
    blocker.exec('CREATE TABLE DataEntity(uri TEXT PRIMARY KEY)')
    blocker.exec('BEGIN EXCLUSIVE')
    const storage = await miner.open()
    await expect(storage.uploadData()).rejects.toMatchObject({ code: 'DATABASE_LOCKED', retryable: true })
    blocker.close()
    await expect(storage.uploadData()).rejects.toMatchObject({ code: 'DATABASE_SCHEMA' })
  })
})

describe('the state file', () => {
  it('is for one process; a second one changes nothing and is told so', async () => {
    addRows(miner.db, manyRows(20))
    const first = await miner.open()
    await expect(miner.open()).rejects.toMatchObject({ code: 'STATE_LOCKED' })
    expect((await first.uploadData()).complete).toBe(true)
    await first.close()
    expect((await (await miner.open()).uploadData()).complete).toBe(true)
  })

  it('of another hotkey, program or no database at all is refused and left as it is', async () => {
    await (await miner.open()).close()
    const other = await createTestMiner('//Miner//1')
    other.stateFile = miner.stateFile
    await expect(other.open()).rejects.toMatchObject({ code: 'STATE_FOREIGN' })
    other.stateFile = `${other.root}/foreign.sqlite`
    openSqlite(other.stateFile).exec('CREATE TABLE t(x)').close()
    await expect(other.open()).rejects.toMatchObject({ code: 'STATE_FOREIGN' })
    other.stateFile = `${other.root}/garbage.sqlite`
    writeFileSync(other.stateFile, 'garbage '.repeat(1000))
    await expect(other.open()).rejects.toMatchObject({ code: 'STATE_CORRUPT' })
    other.stateFile = `${other.root}/folder`
    mkdirSync(other.stateFile)
    await expect(other.open()).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' })
    await other.close()
  })

  it('is found again after its folder was lost together with the queue', async () => {
    addRows(miner.db, manyRows(20))
    miner.hub.fault = down
    const storage = await miner.open()
    await storage.uploadData()
    await storage.close()
    rmSync(`${miner.root}/state`, { recursive: true })
    miner.hub.fault = null
    expect((await (await miner.open()).uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
  })
})

it('a disk that is full: typed, the process ends by itself, and nothing is lost once there is room', async () => {
  const { randomBytes } = await import('node:crypto')
  const noise = (): string => JSON.stringify({ text: randomBytes(15_000).toString('base64') })
  addRows(miner.db, [
    ...manyRows(20),
    ...Array.from({ length: 900 }, (_n, at) => ({ uri: `u${at}`, content: noise() })),
  ])
  miner.db.pragma('wal_checkpoint(TRUNCATE)')
  const entry = fileURLToPath(new URL('./kill-entry.ts', import.meta.url))
  // RLIMIT_FSIZE (in KiB) makes every file that grows beyond it fail with EFBIG.
  const command = `ulimit -f 8192; trap '' XFSZ; exec "$0" --import tsx --conditions=@sluice/source "$1" "$2" 0`
  const child = spawn('bash', ['-c', command, process.execPath, entry, miner.root], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  expect((await once(child, 'exit'))[0]).toBe(2)
  const storage = await miner.open()
  expect((await storage.uploadData()).complete).toBe(true)
  expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
})

describe('backends that refuse', () => {
  it.each(['UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND', 'CLOCK_SKEW', 'NO_SPACE'] as const)(
    '%s: HuggingFace stands in for S3, nothing is lost, and S3 gets all afterwards',
    async (code) => {
      addRows(miner.db, manyRows(20))
      miner.policy = s3Policy(100)
      miner.s3.fault = () => {
        throw new BackendError(code, `refused: ${code}`, { retryable: false })
      }
      const storage = await miner.open()
      const receipt = await storage.uploadData()
      expect(receipt).toMatchObject({ complete: false, failedAttempts: [{ backend: 's3', code }] })
      expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
      miner.s3.fault = null
      expect((await storage.uploadData()).complete).toBe(true)
      expect(await miner.uris('s3')).toEqual(miner.sourceUris())
    },
  )

  it('all of them: rows wait in the spool and the process survives', async () => {
    addRows(miner.db, manyRows(20))
    miner.hub.fault = () => {
      throw new BackendError('UNAUTHORIZED', 'the token is wrong; set HUGGINGFACE_TOKEN', { retryable: false })
    }
    const storage = await miner.open()
    const receipt = await storage.uploadData()
    expect(receipt).toMatchObject({ complete: false, copies: [] })
    expect(receipt.failedAttempts.map((failure) => failure.code)).toContain('UNAUTHORIZED')
    expect(storage.status().spooledFiles).toBeGreaterThan(0)
    miner.hub.fault = null
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
  })

  it('a policy that leaves no backend is an error that names it', async () => {
    addRows(miner.db, manyRows(20))
    miner.policy = { useS3: false, useHuggingFace: false }
    const storage = await miner.open()
    await expect(storage.uploadData()).rejects.toSatisfy((error) => RolloutError.is(error))
    miner.policy = {}
    expect((await storage.uploadData()).complete).toBe(true)
  })
})

describe('strange rows', () => {
  it('are all stored: empty label, no JSON, unknown source, dates with and without zone', async () => {
    addRows(miner.db, [
      { uri: 'empty-label', label: '' },
      { uri: 'no-label', label: null },
      { uri: 'no-json', content: Buffer.from([0xff, 0x00, 0xfe, 0x7b]) },
      { uri: 'empty-content', content: '' },
      { uri: 'json-array', content: '[1,2' },
      { uri: 'unknown-source', source: 4711 },
      { uri: 'long-label', label: 'x'.repeat(5000) },
      { uri: 'quote\' " \\ \u202e \u0000 ü 😀' },
      { uri: '' },
    ])
    const dates = [
      '2026-11-21T03:00:00',
      '2026-11-21 03:00:00+00:00',
      '2026-11-21T05:00:00.123456+02:00',
      'yesterday',
      null,
    ]
    const insert = miner.db.prepare('INSERT INTO DataEntity VALUES (?, ?, 480000, 1, ?, ?, 2)')
    dates.forEach((date, at) => insert.run(`date-${at}`, date, 'NULL', Buffer.from('{}')))
    insert.run('huge-size-1', dates[0], 'NULL', Buffer.from('{}'))
    const receipt = await (await miner.open()).uploadData()
    expect(receipt).toMatchObject({ complete: true, failedAttempts: [] })
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
  })

  it('that fit no partition or claim absurd sizes are told and hold nobody else up', async () => {
    addRows(miner.db, manyRows(20))
    const good = miner.sourceUris()
    const insert = miner.db.prepare(`INSERT INTO DataEntity VALUES (?, '2026-11-21', ?, ?, 'NULL', x'7b7d', ?)`)
    insert.run('text-hour', 'abc', 1, 2)
    insert.run('null-source', 480_000, null, 2)
    insert.run('negative', -5, 1, 2)
    insert.run('far', 9_999_999_999, 1, 2)
    insert.run('size-1', 480_500, 1, 9_000_000_000_000_000_000n)
    insert.run('size-2', 480_500, 1, 9_000_000_000_000_000_000n)
    const receipt = await (await miner.open()).uploadData()
    expect(receipt.complete).toBe(false)
    expect(receipt.failedAttempts.filter((failure) => failure.code === 'BAD_ROWS').length).toBe(4)
    expect(await miner.uris('huggingface')).toEqual(expect.arrayContaining(good))
  })

  it('a URI twice in a table without key: the newest is kept and it is said', async () => {
    miner.db.exec('ALTER TABLE DataEntity RENAME TO old; CREATE TABLE DataEntity AS SELECT * FROM old')
    const insert = miner.db.prepare(`INSERT INTO DataEntity VALUES ('twice', ?, 480000, 2, 'NULL', ?, 2)`)
    insert.run('2026-11-21T03:00:00', Buffer.from('{}'))
    insert.run('2026-11-21T03:30:00', Buffer.from('[]'))
    const storage = await miner.open()
    expect(await storage.uploadData()).toMatchObject({ complete: true, failedAttempts: [] })
    expect(await miner.uris('huggingface')).toEqual(['twice'])
    expect(miner.log.lines.join('\n')).toContain('1 rows repeat a URI')
    expect(await storage.uploadData()).toMatchObject({ complete: true, copies: [] })
  })
})
