import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addRows, createTestMiner, manyRows, s3Policy, type TestMiner } from './miner.ts'

let miner: TestMiner
beforeEach(async () => {
  miner = await createTestMiner()
})
afterEach(() => miner.close())

describe('uploadData', () => {
  it('outside the cohort stores every row on HuggingFace and touches S3 not at all', async () => {
    addRows(miner.db, manyRows(500))
    miner.policy = s3Policy(0)
    const storage = await miner.open()
    const receipt = await storage.uploadData()
    expect(receipt.failedAttempts).toEqual([])
    expect(receipt.complete).toBe(true)
    expect(receipt.plan.required).toEqual(['huggingface'])
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
    expect(miner.s3.calls).toEqual([])
    expect(storage.status().spooledFiles).toBe(0)
  })

  it('sends nothing the second time, and that is success', async () => {
    addRows(miner.db, manyRows(500))
    const storage = await miner.open()
    await storage.uploadData()
    miner.hub.calls.length = 0
    const receipt = await storage.uploadData()
    expect(receipt).toMatchObject({ complete: true, copies: [], failedAttempts: [] })
    expect(miner.hub.calls).toEqual(['open manifest.json'])
  })
})
