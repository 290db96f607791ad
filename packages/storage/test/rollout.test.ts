import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { BackendError } from '@sluice/backends'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addRows, createTestMiner, manyRows, s3Policy, type TestMiner } from './miner.ts'

let miner: TestMiner
beforeEach(async () => {
  miner = await createTestMiner()
})
afterEach(() => miner.close())

const down = (): never => {
  throw new BackendError('UNAVAILABLE', 'S3 is away', { retryable: true })
}

describe('fallback', () => {
  it('stores in S3 alone while S3 works', async () => {
    addRows(miner.db, manyRows(300))
    miner.policy = s3Policy(100)
    const receipt = await (await miner.open()).uploadData()
    expect(receipt.complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(miner.sourceUris())
    expect(miner.hub.calls).toEqual(['open manifest.json']) // whether an older state file stored history there
    expect(receipt.metadata).toMatchObject([
      {
        source: 'reddit',
        rows_uploaded: 100,
        total_rows: 100,
        storage_type: 's3',
        bucket: 'subnet-data',
        encoding_key: null,
      },
      { source: 'x', rows_uploaded: 200, total_rows: 200, miner_hotkey: miner.address },
    ])
  })

  it('lets HuggingFace stand in while S3 fails and delivers to S3 later', async () => {
    addRows(miner.db, manyRows(300))
    miner.policy = s3Policy(100)
    miner.s3.fault = down
    const storage = await miner.open()
    const first = await storage.uploadData()
    expect(first.complete).toBe(false)
    expect(first.failedAttempts.some((failure) => failure.backend === 's3' && failure.code === 'UNAVAILABLE')).toBe(
      true,
    )
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
    expect(storage.status().spooledFiles).toBe(14) // kept until S3 has them

    miner.s3.fault = null
    const second = await storage.uploadData()
    expect(second.complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(miner.sourceUris())
    expect(storage.status().spooledFiles).toBe(0)
  })

  it('stands in only for what S3 did not take', async () => {
    addRows(miner.db, manyRows(70))
    miner.policy = s3Policy(100)
    const storage = await miner.open()
    await storage.uploadData()
    addRows(miner.db, [{ uri: 'https://x.com/new', hour: 480_100 }])
    miner.s3.fault = down
    await storage.uploadData()
    miner.s3.fault = null
    expect(await miner.uris('huggingface')).toEqual(['https://x.com/new'])
    expect(await miner.uris('s3', 'huggingface')).toEqual(miner.sourceUris())
  })

  it('stands in when S3 holds the files but refuses the manifest that makes them visible', async () => {
    addRows(miner.db, manyRows(70))
    miner.policy = s3Policy(100)
    miner.s3.fault = (call, keys) => {
      if (call === 'put' && keys.includes('manifest.json')) down()
    }
    const receipt = await (await miner.open()).uploadData()
    expect(receipt.complete).toBe(false)
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
  })

  it('uses HuggingFace when the policy asks for S3 without credentials, and says so', async () => {
    addRows(miner.db, manyRows(70))
    miner.policy = s3Policy(100)
    const { StorageError } = await import('../src/errors.ts')
    const storage = await miner.open({
      openTarget: async (name) => {
        if (name === 's3') throw new StorageError('NO_BACKEND', 'no credentials are set')
        return { name, backend: miner.hub, identity: 'hub', place: 'a/b' }
      },
    })
    const receipt = await storage.uploadData()
    expect(receipt.complete).toBe(false)
    expect(receipt.failedAttempts).toMatchObject([{ backend: 's3', code: 'NO_BACKEND' }])
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
    expect(storage.status()).toMatchObject({ spooledFiles: 0 })
  })
})

describe('the dial', () => {
  it('brings the whole history along on late entry and catches HuggingFace up on leaving', async () => {
    const storage = await miner.open()
    addRows(miner.db, manyRows(200))
    miner.policy = s3Policy(0)
    await storage.uploadData()
    expect(miner.s3.calls).toEqual([])

    miner.policy = s3Policy(100)
    addRows(miner.db, manyRows(50, 200))
    const entered = await storage.uploadData()
    expect(entered.complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(miner.sourceUris())

    miner.policy = s3Policy(0)
    miner.s3.calls.length = 0
    addRows(miner.db, manyRows(50, 250))
    const left = await storage.uploadData()
    expect(left.complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
    expect(miner.s3.calls.filter((call) => !call.startsWith('open'))).toEqual([])

    miner.policy = s3Policy(100)
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(miner.sourceUris())
    const parts = (await miner.objects('s3')).filter((key) => key.endsWith('.parquet'))
    expect(parts).toEqual((await miner.manifest('s3'))?.files.map((file) => file.path))
  })

  it('copies hours that the database has pruned from the backend that has them', async () => {
    const storage = await miner.open()
    addRows(miner.db, manyRows(200))
    const all = miner.sourceUris()
    miner.policy = s3Policy(0)
    await storage.uploadData()
    miner.db.exec('DELETE FROM DataEntity WHERE timeBucketId < 480003')

    miner.policy = s3Policy(100)
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(all)
    miner.db.exec('DELETE FROM DataEntity')
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(all)
  })

  it('keeps rows of an hour that is being pruned, and deletes them remotely with retention mirror', async () => {
    addRows(miner.db, manyRows(70))
    const all = miner.sourceUris()
    const storage = await miner.open()
    await storage.uploadData()
    miner.db.exec(
      `DELETE FROM DataEntity WHERE uri IN (SELECT uri FROM DataEntity WHERE timeBucketId = 480000 LIMIT 3)`,
    )
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual(all)
    await storage.close()

    miner.db.exec('DELETE FROM DataEntity WHERE timeBucketId < 480002')
    const mirror = await miner.open({ retention: 'mirror' })
    expect((await mirror.uploadData()).complete).toBe(true)
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
    const parts = (await miner.objects('huggingface')).filter((key) => key.endsWith('.parquet'))
    expect(parts).toHaveLength((await miner.manifest('huggingface'))?.files.length ?? -1)
  })

  it.each(['dual', 'shadow'] as const)('%s keeps both, each on its own', async (mode) => {
    addRows(miner.db, manyRows(70))
    miner.policy = s3Policy(100, { mode })
    miner.s3.fault = down
    const storage = await miner.open()
    expect((await storage.uploadData()).complete).toBe(false)
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
    miner.s3.fault = null
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(miner.sourceUris())
  })

  it('starts anew when the owner changes the bucket', async () => {
    addRows(miner.db, manyRows(70))
    miner.policy = s3Policy(100)
    const storage = await miner.open()
    await storage.uploadData()
    rmSync(join(miner.root, 's3'), { recursive: true })
    miner.policy = s3Policy(100, { s3: { bucketName: 'another-bucket', authEndpoint: 'https://auth.example.com/' } })
    expect((await storage.uploadData()).complete).toBe(true)
    expect(await miner.uris('s3')).toEqual(miner.sourceUris())
  })
})
