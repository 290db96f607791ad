import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '@sluice/sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDataUniverseSource } from '../src/export/data-universe.ts'
import type { RowSource } from '../src/export/row-source.ts'
import { addRows, createTestMiner, down, manyRows, s3Policy, type TestMiner } from './miner.ts'

let miner: TestMiner
beforeEach(async () => {
  miner = await createTestMiner()
})
afterEach(() => miner.close())

const pruneOldest = (rows: number): void => {
  const oldest = 'SELECT uri FROM DataEntity ORDER BY timeBucketId, uri LIMIT'
  miner.db.exec(`DELETE FROM DataEntity WHERE uri IN (${oldest} ${rows})`)
}

describe('rows that the database prunes stay remote', () => {
  it('when they go between the scan and the export', async () => {
    addRows(miner.db, manyRows(70))
    const all = miner.sourceUris()
    const real = createDataUniverseSource({ dbPath: miner.dbPath })
    let scans = 0
    const rows: RowSource = {
      ...real,
      partitions() {
        const summary = real.partitions()
        if (++scans === 2) pruneOldest(3)
        return summary
      },
    }
    const storage = await miner.open({ rows })
    await storage.uploadData()
    miner.policy = s3Policy(100)
    expect((await storage.uploadData()).complete).toBe(false)
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(all)
  })

  it('when the state file is lost as well', async () => {
    addRows(miner.db, manyRows(70))
    const all = miner.sourceUris()
    const first = await miner.open()
    await first.uploadData()
    await first.close()
    rmSync(join(miner.root, 'state'), { recursive: true })
    pruneOldest(3)
    const second = await miner.open()
    expect((await second.uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual(all)
    addRows(miner.db, [{ uri: 'https://x.com/late', hour: 480_003 }])
    expect((await second.uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual([...all, 'https://x.com/late'].sort())
  })

  it('and a row that comes late into the hour being pruned is stored beside them', async () => {
    addRows(miner.db, manyRows(70))
    const first = miner.sourceUris()
    const storage = await miner.open()
    await storage.uploadData()
    const before = await miner.objects('huggingface')
    pruneOldest(3)
    addRows(miner.db, [{ uri: 'https://x.com/late', hour: 480_000 }])
    const all = [...first, 'https://x.com/late'].sort()
    const receipt = await storage.uploadData()
    expect(receipt).toMatchObject({ complete: true, copies: [{ rows: 1, source: 'x' }] })
    expect(await miner.uris('huggingface')).toEqual(all)
    expect(await miner.objects('huggingface')).toEqual(expect.arrayContaining(before))
    expect(await storage.uploadData()).toMatchObject({ complete: true, copies: [] })
    miner.policy = s3Policy(100)
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(all)
  })

  it('also when as many rows come as go', async () => {
    addRows(miner.db, manyRows(70))
    const all = miner.sourceUris()
    const storage = await miner.open({ limits: { recheckShare: 1 } })
    await storage.uploadData()
    const { uri, content } = miner.db
      .prepare<[], { uri: string; content: Buffer }>(
        'SELECT * FROM DataEntity WHERE timeBucketId = 480000 AND source = 2',
      )
      .get() ?? { uri: '', content: Buffer.from('') }
    miner.db.prepare('DELETE FROM DataEntity WHERE uri = ?').run(uri)
    addRows(miner.db, [{ uri: 'https://x.com/late', hour: 480_000, content }])
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual([...all, 'https://x.com/late'].sort())
  })

  it('and a late row is compared with files that still wait in the spool', async () => {
    addRows(miner.db, manyRows(70))
    const all = miner.sourceUris()
    miner.policy = s3Policy(100, { useHuggingFace: false })
    miner.s3.fault = down
    const storage = await miner.open()
    expect((await storage.uploadData()).complete).toBe(false)
    pruneOldest(3)
    addRows(miner.db, [{ uri: 'https://x.com/late', hour: 480_000 }])
    expect((await storage.uploadData()).complete).toBe(false)
    miner.s3.fault = null
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('s3')).toEqual([...all, 'https://x.com/late'].sort())
  })

  it('and the oldest hour of a young database goes on to the stand-in while S3 is away', async () => {
    addRows(miner.db, manyRows(70))
    miner.policy = s3Policy(100)
    const storage = await miner.open()
    await storage.uploadData()
    miner.s3.fault = down
    addRows(miner.db, [{ uri: 'https://x.com/late', hour: 480_000 }])
    expect((await storage.uploadData()).copies).toMatchObject([{ backend: 'huggingface', source: 'x' }])
    const inHour = miner.db
      .prepare<[], string>('SELECT uri FROM DataEntity WHERE timeBucketId = 480000 AND source = 2 ORDER BY uri')
      .pluck()
    expect(await miner.uris('huggingface')).toEqual(inHour.all())
  })

  it('and a late row waits while it is not known what is stored and no copy can be read', async () => {
    addRows(miner.db, manyRows(70))
    const all = miner.sourceUris()
    const storage = await miner.open()
    await storage.uploadData()
    await storage.close()
    const state = openSqlite(miner.stateFile)
    state.exec('DELETE FROM digests') // as for an hour that became the oldest just now
    state.close()
    pruneOldest(3)
    addRows(miner.db, [{ uri: 'https://x.com/late', hour: 480_000 }])
    miner.hub.fault = (call, keys) => {
      if (call === 'open' && keys.some((key) => key.includes('bucket=480000'))) down()
    }
    const again = await miner.open()
    const receipt = await again.uploadData()
    expect(receipt.complete).toBe(false)
    expect(new Set(receipt.failedAttempts.map(({ key }) => key))).toEqual(new Set(['reddit/480000', 'x/480000']))
    miner.hub.fault = null
    expect((await again.uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual([...all, 'https://x.com/late'].sort())
  })

  it('when the state file is lost and only HuggingFace had them, while S3 is what the policy wants', async () => {
    addRows(miner.db, manyRows(70))
    const all = miner.sourceUris()
    const first = await miner.open()
    await first.uploadData()
    await first.close()
    rmSync(join(miner.root, 'state'), { recursive: true })
    miner.db.exec('DELETE FROM DataEntity WHERE timeBucketId = 480000')
    miner.policy = s3Policy(100)
    const second = await miner.open()
    expect((await second.uploadData()).complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(all)
  })

  it('under mirror too when the database is suddenly empty', async () => {
    addRows(miner.db, manyRows(70))
    const all = miner.sourceUris()
    const storage = await miner.open({ retention: 'mirror' })
    await storage.uploadData()
    miner.db.exec('DELETE FROM DataEntity')
    const receipt = await storage.uploadData()
    expect(receipt.complete).toBe(false)
    expect(receipt.failedAttempts[0]?.message).toContain('is it the right database')
    expect(await miner.uris('huggingface')).toEqual(all)
  })

  it('when an hour in the middle becomes empty; mirror deletes it', async () => {
    addRows(miner.db, manyRows(70))
    const all = miner.sourceUris()
    const storage = await miner.open()
    await storage.uploadData()
    miner.db.exec('DELETE FROM DataEntity WHERE timeBucketId = 480003')
    expect(await storage.uploadData()).toMatchObject({ complete: true, copies: [] })
    expect(await miner.uris('huggingface')).toEqual(all)
    await storage.close()
    const mirror = await miner.open({ retention: 'mirror' })
    expect((await mirror.uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
    expect((await miner.objects('huggingface')).filter((key) => key.includes('bucket=480003'))).toEqual([])
  })
})
