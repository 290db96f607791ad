import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BackendError } from '@sluice/backends'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSpool } from '../src/export/spool.ts'
import { addRows, createTestMiner, down, manyRows, s3Policy, type TestMiner } from './miner.ts'

let miner: TestMiner
beforeEach(async () => {
  miner = await createTestMiner()
})
afterEach(() => miner.close())

it('a damaged manifest in the backend deletes nothing that the next one still needs', async () => {
  addRows(miner.db, manyRows(70))
  const storage = await miner.open({ limits: { batchFiles: 1, recheckShare: 0 } })
  await storage.uploadData()
  const old = (await miner.objects('huggingface')).filter((key) => key.includes('bucket=480003'))
  writeFileSync(join(miner.root, 'hub', 'manifest.json'), 'damaged')
  addRows(miner.db, [
    { uri: 'https://x.com/late', hour: 480_003 },
    { uri: 'https://x.com/other', hour: 480_004 },
  ])
  miner.hub.fault = (call, keys) => {
    if (call === 'put' && keys.some((key) => key.includes('bucket=480003'))) down()
  }
  expect((await storage.uploadData()).complete).toBe(false)
  expect(await miner.objects('huggingface')).toEqual(expect.arrayContaining(old))
  const listed = (await miner.manifest('huggingface'))?.files.map((file) => file.path)
  expect(listed).toEqual(expect.arrayContaining(old))
  miner.hub.fault = null
  expect((await storage.uploadData()).complete).toBe(true)
  expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
})

describe('the stand-in', () => {
  it('is listed later when its manifest was refused at first and S3 is still away', async () => {
    addRows(miner.db, manyRows(70))
    miner.policy = s3Policy(100)
    miner.s3.fault = down
    miner.hub.fault = (call, keys) => {
      if (call === 'put' && keys.includes('manifest.json')) down()
    }
    const storage = await miner.open()
    await storage.uploadData()
    expect(await miner.uris('huggingface')).toEqual([])
    miner.hub.fault = null
    await storage.uploadData()
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
  })

  it('keeps its older copy listed until S3 has the newer one, and each side its own live set', async () => {
    addRows(miner.db, manyRows(70))
    miner.policy = s3Policy(100)
    miner.s3.fault = down
    const storage = await miner.open()
    await storage.uploadData()
    miner.s3.fault = null
    await storage.uploadData()
    const held = await miner.uris('huggingface')
    addRows(miner.db, manyRows(30, 70))
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(miner.sourceUris())
    expect(await miner.uris('huggingface')).toEqual(held)
    miner.policy = s3Policy(0)
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
  })
})

describe('another bucket', () => {
  it('goes on with the sequence, and finds the former one again when the owner goes back', async () => {
    const named = (bucketName: string) =>
      s3Policy(100, { s3: { bucketName, authEndpoint: 'https://auth.example.com/' } })
    addRows(miner.db, manyRows(70))
    const all = miner.sourceUris()
    const storage = await miner.open()
    miner.policy = named('one-bucket')
    await storage.uploadData()
    addRows(miner.db, manyRows(10, 70))
    await storage.uploadData()
    const before = await miner.manifest('s3')
    const elsewhere = await createTestMiner()
    const one = miner.s3
    miner.s3 = elsewhere.s3
    miner.policy = named('two-bucket')
    expect((await storage.uploadData()).complete).toBe(true)
    expect((await miner.manifest('s3'))?.sequence).toBeGreaterThan(before?.sequence ?? 0)
    miner.s3 = one
    miner.policy = named('one-bucket')
    miner.db.exec('DELETE FROM DataEntity')
    expect(await storage.uploadData()).toMatchObject({ complete: true, copies: [] })
    expect((await miner.uris('s3')).length).toBe(all.length + 10)
    await elsewhere.close()
  })
})

describe('clock skew', () => {
  it('a wait or a look noted in the future does not outlast an hour', async () => {
    let now = Date.parse('2036-01-01T00:00:00Z')
    addRows(miner.db, [{ uri: 'a', content: '{"text":"one"}' }])
    const storage = await miner.open({ now: () => now, calls: { sleep: async () => undefined, now: () => now } })
    await storage.uploadData()
    miner.hub.fault = () => {
      throw new BackendError('THROTTLED', 'later', { retryable: true, retryAfterMs: 3_600_000 })
    }
    await storage.uploadData()
    miner.hub.fault = null
    now = Date.parse('2026-01-01T00:00:00Z') // the clock is put right
    addRows(miner.db, [{ uri: 'a', content: '{"text":"ten"}' }])
    expect(await storage.uploadData()).toMatchObject({ complete: true, copies: [{}] })
  })
})

describe('a replaced file of the user', () => {
  it('stays the former one after a crash between copy and record', async () => {
    const path = join(miner.root, 'weights.bin')
    miner.hub.fault = down
    const storage = await miner.open()
    writeFileSync(path, 'first')
    await storage.uploadFile(path, { key: 'a' })
    await storage.close()
    writeFileSync(path, 'second!')
    await (await openSpool(`${miner.stateFile}.spool`)).adopt('files/a', path)
    miner.hub.fault = null
    expect((await (await miner.open()).uploadData()).complete).toBe(true)
    expect((await miner.manifest('huggingface'))?.files).toMatchObject([{ path: 'files/a', bytes: 5 }])
  })
})
