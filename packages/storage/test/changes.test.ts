import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addRows, createTestMiner, manyRows, s3Policy, type TestMiner } from './miner.ts'

let miner: TestMiner
beforeEach(async () => {
  miner = await createTestMiner()
})
afterEach(() => miner.close())

const parts = async (): Promise<string[]> =>
  (await miner.objects('huggingface')).filter((key) => key.endsWith('.parquet'))

describe('changed rows', () => {
  it('re-makes only the hour that changed, deletes the old part after the manifest, and chains manifests', async () => {
    addRows(miner.db, manyRows(210))
    const storage = await miner.open()
    await storage.uploadData()
    const before = await miner.manifest('huggingface')
    miner.hub.calls.length = 0
    addRows(miner.db, [{ uri: 'https://x.com/late', hour: 480_003, source: 2 }])
    const receipt = await storage.uploadData()
    expect(receipt.copies).toHaveLength(1)
    expect(receipt.complete).toBe(true)
    const calls = miner.hub.calls.map((call) => call.split('/')[0])
    expect(calls).toEqual(['open manifest.json', 'put source=x', 'put manifest.json', 'delete source=x'])
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
    const after = await miner.manifest('huggingface')
    expect(after?.sequence).toBe((before?.sequence ?? 0) + 1)
    expect(after?.previous).toMatch(/^[0-9a-f]{64}$/)
    expect(await parts()).toEqual(after?.files.map((file) => file.path))
  })

  it('finds content replaced at equal size by the full hash of the settable share', async () => {
    addRows(miner.db, [
      { uri: 'a', content: '{"text":"one"}' },
      { uri: 'b', content: '{"text":"two"}' },
    ])
    const storage = await miner.open({ limits: { recheckShare: 1 } })
    await storage.uploadData()
    addRows(miner.db, [{ uri: 'a', content: '{"text":"ten"}' }])
    const receipt = await storage.uploadData()
    expect(receipt.copies).toHaveLength(1)
    expect(await parts()).toHaveLength(1)
    expect((await storage.uploadData()).copies).toEqual([])
  })

  it('finds them at least once a day even with a share of 0', async () => {
    let now = Date.parse('2026-11-01T00:00:00Z')
    addRows(miner.db, [{ uri: 'a', content: '{"text":"one"}' }])
    const storage = await miner.open({ limits: { recheckShare: 0 }, now: () => now })
    await storage.uploadData()
    addRows(miner.db, [{ uri: 'a', content: '{"text":"ten"}' }])
    expect((await storage.uploadData()).copies).toEqual([])
    now += 24 * 3_600_000
    expect((await storage.uploadData()).copies).toHaveLength(1)
  })

  it('goes back to a former content under the same key', async () => {
    const storage = await miner.open({ limits: { recheckShare: 1 } })
    for (const text of ['one', 'ten', 'one', 'one']) {
      addRows(miner.db, [{ uri: 'a', content: JSON.stringify({ text }) }])
      expect((await storage.uploadData()).complete).toBe(true)
      expect(await parts()).toHaveLength(1)
    }
  })

  it('splits a large hour into shares and lists all or none of them', async () => {
    addRows(
      miner.db,
      Array.from({ length: 400 }, (_n, at) => ({ uri: `u${at}`, content: 'x'.repeat(500) })),
    )
    const storage = await miner.open({ limits: { maxFileBytes: 200_000, batchFiles: 1 } })
    const receipt = await storage.uploadData()
    expect(receipt.complete).toBe(true)
    expect(await parts()).toHaveLength(4)
    expect((await miner.uris('huggingface')).length).toBe(400)
  })
})

describe('a lost or foreign state', () => {
  it('finds everything again through the manifest when the state file is gone', async () => {
    addRows(miner.db, manyRows(70))
    const all = miner.sourceUris()
    const first = await miner.open()
    await first.uploadData()
    await first.close()
    rmSync(join(miner.root, 'state'), { recursive: true })
    miner.db.exec('DELETE FROM DataEntity WHERE timeBucketId < 480003')
    const second = await miner.open()
    const receipt = await second.uploadData()
    expect(receipt).toMatchObject({ complete: true, copies: [] })
    expect(await miner.uris('huggingface')).toEqual(all)
  })

  it('fills an emptied backend again', async () => {
    addRows(miner.db, manyRows(70))
    const storage = await miner.open()
    await storage.uploadData()
    rmSync(join(miner.root, 'hub'), { recursive: true })
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
    expect((await miner.manifest('huggingface'))?.sequence).toBeGreaterThan(1)
  })
})

describe('uploadFile', () => {
  it('stores a file under files/, replaces it, and brings it to S3 later', async () => {
    const { writeFileSync } = await import('node:fs')
    const path = join(miner.root, 'weights.bin')
    const storage = await miner.open()
    writeFileSync(path, 'first')
    const receipt = await storage.uploadFile(path, { key: 'weights/layer-1.bin' })
    expect(receipt.complete).toBe(true)
    expect(receipt.copies).toMatchObject([{ key: 'files/weights/layer-1.bin', bytes: 5, source: null }])
    writeFileSync(path, 'second!')
    await storage.uploadFile(path, { key: 'weights/layer-1.bin' })
    expect((await miner.manifest('huggingface'))?.files).toMatchObject([
      { path: 'files/weights/layer-1.bin', bytes: 7 },
    ])
    rmSync(path)
    miner.policy = s3Policy(100)
    expect((await storage.uploadData()).complete).toBe(true)
    expect((await miner.manifest('s3'))?.files).toMatchObject([{ path: 'files/weights/layer-1.bin', bytes: 7 }])
  })

  it('refuses keys that lead elsewhere and files that are not there', async () => {
    const storage = await miner.open()
    for (const key of ['../x', 'a//b', '', 'ü', 'a/../b']) {
      await expect(storage.uploadFile(miner.dbPath, { key })).rejects.toMatchObject({ code: 'BAD_FILE' })
    }
    await expect(storage.uploadFile('/nowhere/x', { key: 'x' })).rejects.toMatchObject({ code: 'BAD_FILE' })
  })
})
