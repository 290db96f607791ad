import { hotkeyPrefix } from '@sluice/hotkey'
import { isInCohort, createPolicy, type PolicyInput } from '@sluice/rollout'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSubnet, type TestSubnet } from './subnet.ts'
import { openValidator } from './validator.ts'

/** The owner's whole way, up and down again, on the real parts of a devnet. */
let subnet: TestSubnet

beforeAll(async () => {
  subnet = await startSubnet(10, 'gateway')
})
afterAll(async () => {
  await subnet?.close()
})

const policyAt = (rolloutPercentage: number): PolicyInput => ({
  useS3: true,
  useHuggingFace: true,
  s3: { bucketName: subnet.devnet.bucket, authEndpoint: subnet.devnet.gateway?.url ?? null, region: 'us-east-1' },
  rolloutPercentage,
  salt: '2026',
})

async function keysInS3(hotkey: string): Promise<string[]> {
  const keys: string[] = []
  for await (const object of subnet.bucket.list(hotkeyPrefix(hotkey))) keys.push(object.key)
  return keys
}

test(
  '0, 5, 25, 50, 100 % and back: each row where the dial wants it, found by a validator',
  { timeout: 240_000 },
  async () => {
    const entered = new Set<string>()
    for (const percentage of [0, 5, 25, 50, 100, 25, 0]) {
      await subnet.publish(policyAt(percentage))
      const policy = createPolicy(policyAt(percentage))
      for (const miner of subnet.miners) {
        miner.addRows(30)
        const before = await keysInS3(miner.hotkey)
        const receipt = await miner.storage.uploadData()
        expect(receipt.complete, JSON.stringify(receipt.failedAttempts)).toBe(true)
        const inside = isInCohort(policy, subnet.devnet.chain.netuid, miner.hotkey, receipt.plan.block)
        expect(receipt.plan.required).toEqual(inside ? ['s3'] : ['huggingface'])
        const after = await keysInS3(miner.hotkey)
        if (inside) entered.add(miner.hotkey)
        else expect(after).toEqual(before) // outside the cohort nothing is sent to S3
        if (!entered.has(miner.hotkey)) expect(after).toEqual([])
      }
      await using validator = await openValidator(subnet)
      for (const miner of subnet.miners) {
        const inside = isInCohort(policy, subnet.devnet.chain.netuid, miner.hotkey, 1)
        const verdicts = await validator.verdicts(miner.hotkey, miner.uris)
        expect(verdicts.combined).toEqual(miner.uris.map(() => 'valid'))
        // A late entrant brings its whole history to S3; one that leaves catches up on HuggingFace.
        expect(inside ? verdicts.s3 : verdicts.huggingface).toEqual(miner.uris.map(() => 'valid'))
      }
    }
    expect(entered.size).toBe(subnet.miners.length)
  },
)

test('an outage of S3 puts new rows on HuggingFace, and S3 catches up afterwards', { timeout: 120_000 }, async () => {
  await subnet.publish(policyAt(100))
  for (const miner of subnet.miners) await miner.storage.uploadData()
  const mend = subnet.devnet.s3.faults?.add({ kind: { status: 503, code: 'SlowDown' } })
  for (const miner of subnet.miners) miner.addRows(10)
  // At once, as miners do: each of them waits between its attempts.
  const receipts = await Promise.all(subnet.miners.map((miner) => miner.storage.uploadData()))
  for (const receipt of receipts) {
    expect(receipt.complete).toBe(false)
    expect(receipt.copies.map((copy) => copy.backend)).toContain('huggingface')
    expect(receipt.failedAttempts.map((failure) => failure.backend)).toContain('s3')
  }
  await using validator = await openValidator(subnet)
  for (const miner of subnet.miners) {
    const verdicts = await validator.verdicts(miner.hotkey, miner.uris)
    expect(verdicts.combined).toEqual(miner.uris.map(() => 'valid'))
    expect(new Set(verdicts.s3)).toEqual(new Set(['unreachable']))
  }
  mend?.()
  for (const miner of subnet.miners) {
    const receipt = await miner.storage.uploadData()
    expect(receipt.complete, JSON.stringify(receipt.failedAttempts)).toBe(true)
  }
  for (const miner of subnet.miners) {
    const verdicts = await validator.verdicts(miner.hotkey, miner.uris)
    expect(verdicts.s3).toEqual(miner.uris.map(() => 'valid'))
  }
})
