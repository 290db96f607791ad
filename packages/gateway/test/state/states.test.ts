import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '@sluice/sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRedisState } from '../../src/state/redis.ts'
import { createSqliteState } from '../../src/state/sqlite.ts'
import type { Session, State } from '../../src/state/state.ts'
import { freePort, hasRedis, startRedis } from './redis-server.ts'

const T = 1_763_700_000_000
let counter = 0
const sessionOf = (hotkey: string, more: Partial<Session> = {}): Session => ({
  uploadId: `upload-${++counter}`,
  hotkey,
  key: `data/hotkey=${hotkey}/a`,
  bytes: 5_497_558_138_880,
  partSize: 8_388_608,
  maxParts: 10_000,
  checksum: 'crc32',
  openedAt: T,
  expiresAt: T + 1000 + counter,
  result: null,
  ...more,
})
const plenty = { burst: 1e9, perSecond: 1e9 }
const isNew = async (state: State, name: string, until: number): Promise<boolean> =>
  (await state.takeOnce({ name, until }, 'any', plenty, T)) !== 'known'
const caps = { uploads: 3, bytes: Number.MAX_SAFE_INTEGER }

/** Runs over every implementation; `open` connects once more to the same place. */
function describeState(name: string, open: () => Promise<State>): void {
  describe(name, () => {
    let one: State
    let other: State
    beforeAll(async () => {
      one = await open()
      other = await open()
    })
    afterAll(async () => {
      await one.close()
      await other.close()
    })

    test('a name is new once, over all gateways, also in a race', async () => {
      expect(await isNew(one, 'a', T + 60_000)).toBe(true)
      expect(await isNew(other, 'a', T + 60_000)).toBe(false)
      const race = Array.from({ length: 200 }, (_, n) => isNew(n % 2 ? one : other, 'b', T + 60_000))
      expect((await Promise.all(race)).filter(Boolean)).toHaveLength(1)
    })

    test('a bucket gives its burst, then as time passes', async () => {
      const rate = { burst: 3, perSecond: 2 }
      const take = async (at: number, state = one): Promise<unknown> => await state.take('bucket', rate, at)
      expect([await take(T), await take(T, other), await take(T)]).toEqual([{ ok: true }, { ok: true }, { ok: true }])
      expect(await take(T, other)).toEqual({ ok: false, retryAfterMs: 500 })
      expect(await take(T + 500)).toEqual({ ok: true })
      expect(await take(T + 500)).toEqual({ ok: false, retryAfterMs: 500 })
      // A gateway whose clock is behind neither gains nor loses tokens.
      expect(await take(T - 10_000, other)).toMatchObject({ ok: false })
    })

    test('a nonce takes a token when it is new, and is kept when there is none', async () => {
      const rate = { burst: 2, perSecond: 1 }
      const once = async (name: string, at = T, state = one): Promise<unknown> =>
        await state.takeOnce({ name: `once-${name}`, until: T + 60_000 }, 'once', rate, at)
      expect([await once('a'), await once('a'), await once('a', T, other)]).toEqual([{ ok: true }, 'known', 'known'])
      expect([await once('b'), await once('c')]).toEqual([{ ok: true }, { ok: false, retryAfterMs: 1000 }])
      expect([await once('c', T + 5000), await once('d', T + 5000)]).toEqual(['known', { ok: true }])
    })

    test('two clocks in turns do not fill a bucket, and one that is hours ahead does not stop it', async () => {
      const rate = { burst: 2, perSecond: 1 }
      const take = async (name: string, at: number): Promise<boolean> => (await one.take(name, rate, at)).ok
      const taken = []
      for (let n = 0; n < 50; n++) taken.push(await take('turns', n % 2 === 0 ? T : T + 2000))
      expect(taken.filter(Boolean)).toHaveLength(3)
      await take('ahead', T + 86_400_000)
      await take('ahead', T + 86_400_000)
      await take('ahead', T)
      expect([await take('ahead', T), await take('ahead', T + 1000)]).toEqual([false, true])
    })

    test('sessions keep every field, and open ones are counted', async () => {
      const sessions = [1, 2, 3].map(() => sessionOf('counted'))
      for (const session of sessions) expect(await one.open(session, caps)).toBe('opened')
      expect(await other.find(sessions[1]!.uploadId)).toEqual(sessions[1])
      expect(await other.openOf('counted')).toEqual(sessions)
      expect([await one.openCount('counted'), await one.openCount('nobody')]).toEqual([3, 0])
      expect(await other.open(sessionOf('counted'), caps)).toBe('too many uploads')
      expect(await other.open(sessionOf('another'), caps)).toBe('opened')
      await one.forget(sessions[0]!.uploadId)
      expect(await one.find(sessions[0]!.uploadId)).toBeNull()
      expect(await other.open(sessionOf('counted', { bytes: null }), caps)).toBe('opened')
    })

    test('a race for the last place has one winner', async () => {
      const race = Array.from({ length: 20 }, (_, n) =>
        (n % 2 ? one : other).open(sessionOf('racing'), { ...caps, uploads: 1 }),
      )
      expect((await Promise.all(race)).filter((what) => what === 'opened')).toHaveLength(1)
    })

    test('announced bytes are summed', async () => {
      const small = { uploads: 9, bytes: 100 }
      expect(await one.open(sessionOf('bytes', { bytes: 60 }), small)).toBe('opened')
      expect(await one.open(sessionOf('bytes', { bytes: 41 }), small)).toBe('too many bytes')
      expect(await one.open(sessionOf('bytes', { bytes: 40 }), small)).toBe('opened')
      const unknown = { bytes: null, partSize: 10, maxParts: 6 }
      expect(await one.open(sessionOf('unknown', unknown), small)).toBe('opened')
      expect(await other.open(sessionOf('unknown', unknown), small)).toBe('too many bytes')
      expect(await other.open(sessionOf('unknown', { bytes: 41 }), small)).toBe('too many bytes')
      expect(await other.open(sessionOf('unknown', { bytes: 40 }), small)).toBe('opened')
    })

    test('a finished session keeps its answer and frees its place', async () => {
      const session = sessionOf('done')
      const result = { etag: '"x"', bytes: 5_497_558_138_880 }
      await one.open(session, { ...caps, uploads: 1 })
      await one.finish(session.uploadId, result, T + 5000)
      expect(await other.find(session.uploadId)).toEqual({ ...session, result, expiresAt: T + 5000 })
      expect(await other.openOf('done')).toEqual([])
      expect(await other.open(sessionOf('done'), { ...caps, uploads: 1 })).toBe('opened')
      await one.finish('unknown', result, T)
      expect(await one.find('unknown')).toBeNull()
    })

    test('expired sessions are given to one caller, and again when its lease is over', async () => {
      const session = sessionOf('late', { expiresAt: 10 })
      await one.open(session, caps)
      const claims = await Promise.all([one, other, one].map((state) => state.claimExpired(11, 20, 10)))
      expect(claims.flat()).toEqual([session])
      expect(await one.claimExpired(20, 30, 10)).toEqual([])
      expect(await other.claimExpired(21, 30, 10)).toEqual([session])
      await one.forget(session.uploadId)
      expect(await one.claimExpired(31, 40, 10)).toEqual([])
    })

    test('texts are kept', async () => {
      expect(await one.kept('view')).toBeNull()
      await one.keep('view', 'one')
      await one.keep('view', 'two')
      expect(await other.kept('view')).toBe('two')
      await one.ping()
    })
  })
}

describe('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-state-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  describeState('one file, two gateways', async () => createSqliteState(join(folder, 'deep', 'state.sqlite')))

  test('a write that fails takes none of its neighbours with it', async () => {
    const state = createSqliteState(':memory:')
    const session = sessionOf('batch')
    await state.open(session, caps)
    const writes = [isNew(state, 'x', T + 1), state.open(session, caps), isNew(state, 'y', T + 1)]
    const outcomes = (await Promise.allSettled(writes)).map(({ status }) => status)
    expect(outcomes).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect([await isNew(state, 'x', T + 1), await isNew(state, 'y', T + 1)]).toEqual([false, false])
    await state.close()
  })

  test('while another process holds the file, writes wait and nothing else does', async () => {
    const file = join(folder, 'shared.sqlite')
    const state = createSqliteState(file)
    const holder = openSqlite(file)
    holder.exec('BEGIN IMMEDIATE')
    const seen: string[] = []
    const write = isNew(state, 'waits', T + 1).then((first) => seen.push(`written ${first}`))
    // SQLite's own wait would halt the timer, and with it this test.
    await new Promise((resolve) => setTimeout(resolve, 30))
    const later = isNew(state, 'joins', T + 1).then((first) => seen.push(`joined ${first}`))
    seen.push('alive')
    holder.exec('COMMIT')
    await Promise.all([write, later])
    expect(seen).toEqual(['alive', 'written true', 'joined true'])
    holder.close()
    await state.close()
  })

  test('a file that another process keeps is an error for all that wait, at once', async () => {
    const file = join(folder, 'held.sqlite')
    const state = createSqliteState(file)
    const holder = openSqlite(file)
    holder.exec('BEGIN IMMEDIATE')
    const started = Date.now()
    const writes = Array.from({ length: 20 }, (_, n) => isNew(state, `held-${n}`, T + 1))
    const outcomes = await Promise.allSettled(writes)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    // One wait of some seconds, not twenty.
    expect(Date.now() - started).toBeLessThan(10_000)
    holder.exec('ROLLBACK')
    expect(await isNew(state, 'held-1', T + 1)).toBe(true)
    holder.close()
    await state.close()
  })

  test('buckets of addresses that come once do not pile up', async () => {
    const file = join(folder, 'flood.sqlite')
    const state = createSqliteState(file)
    for (let minute = 0; minute < 5; minute++) {
      const at = T + minute * 60_000
      const takes = Array.from({ length: 1000 }, (_, n) => `address:${minute}-${n}`)
      await Promise.all(takes.map((name) => state.take(name, { burst: 400, perSecond: 100 }, at)))
    }
    await state.close()
    const db = openSqlite(file)
    const { rows } = db.prepare('SELECT count(*) AS rows FROM bucket').get() as { rows: number }
    db.close()
    expect(rows).toBeLessThan(3000)
  })

  test('nonces and sessions survive a restart', async () => {
    const file = join(folder, 'restart.sqlite')
    const before = createSqliteState(file)
    const session = sessionOf('kept')
    await isNew(before, 'n', T + 1)
    await before.open(session, caps)
    await before.close()
    const after = createSqliteState(file)
    expect(await isNew(after, 'n', T + 1)).toBe(false)
    expect(await after.find(session.uploadId)).toEqual(session)
    await after.close()
  })
})

describe.runIf(hasRedis)('Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  describeState('one server, two gateways', async () => await createRedisState({ url: server.url }))

  test('a server that is not there is an error at the start', async () => {
    const port = await freePort()
    await expect(createRedisState({ url: `redis://127.0.0.1:${port}` })).rejects.toThrow('Redis does not answer')
  })

  test('a server that hangs is an error soon', async () => {
    const hanging = await startRedis()
    const state = await createRedisState({ url: hanging.url, timeoutMs: 50 })
    hanging.hang()
    const outcomes = await Promise.allSettled([
      state.ping(),
      isNew(state, 'a', T + 1),
      state.take('a', { burst: 1, perSecond: 1 }, T),
      state.find('a'),
      state.openCount('a'),
      state.openOf('a'),
      state.keep('a', 'b'),
      state.kept('a'),
    ])
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']))
    // A gateway must be able to stop without it.
    await state.close()
    hanging.stop()
  })
})
