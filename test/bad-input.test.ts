import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hotkeyFromUri, openChain } from '@sluice/chain'
import type { PolicyInput } from '@sluice/rollout'
import { createStorageFromConfig, type DualStorage } from '@sluice/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSubnet, type TestSubnet } from './subnet.ts'
import { openValidator } from './validator.ts'

/** What strangers and accidents may put in the way of a miner and a validator, end to end. */
let subnet: TestSubnet

beforeAll(async () => {
  subnet = await startSubnet(1, 'direct')
})
afterAll(async () => {
  await subnet?.close()
})

const policyOf = (bucketName: string): PolicyInput => ({
  useS3: true,
  useHuggingFace: true,
  s3: { bucketName, authEndpoint: 'https://gateway.example.com', region: 'us-east-1' },
  rolloutPercentage: 100,
})

/** Puts one Raw field into the owner's commitment, whatever it says. */
async function plant(text: Buffer): Promise<void> {
  const { chain } = subnet.devnet
  const client = openChain({ endpoints: [chain.url] })
  try {
    const { block } = await client.finalizedHead()
    const number = Buffer.alloc(4)
    number.writeUInt32LE(block)
    const info = Buffer.concat([Buffer.alloc(8), number, Buffer.from([4, text.length + 1]), text])
    await client.use(async (connection) => {
      const key = connection.api.query['commitments']?.['commitmentOf']?.key(chain.netuid, chain.owner.hotkey)
      await connection.send('dev_setStorage', [[[key, `0x${info.toString('hex')}`]]])
    })
    await chain.produceBlocks(1)
  } finally {
    await client.close()
  }
}

test('a hostile or newer policy on chain changes nothing for miner and validator', { timeout: 120_000 }, async () => {
  const [miner] = subnet.miners
  if (miner === undefined) throw new Error('no miner')
  await subnet.publish(policyOf(subnet.devnet.bucket))
  miner.addRows(20)
  expect((await miner.storage.uploadData()).plan.required).toEqual(['s3'])
  const hostile = [
    Buffer.from('{"storage":{"v":1,"use_s3":"yes","rollout_percentage":1e999}}'),
    Buffer.from('{"storage":{"v":2,"everything":"elsewhere"}}'),
    Buffer.from(`{"storage":${'['.repeat(100)}`),
    Buffer.from('{"storage":{"v":1,"__proto__":{"use_s3":true}}}'),
    Buffer.from([0xff, 0xfe, 0x00, 0x7b]),
  ]
  for (const text of hostile) {
    await plant(text)
    miner.addRows(5)
    const receipt = await miner.storage.uploadData()
    expect(receipt, text.toString()).toMatchObject({ complete: true, plan: { required: ['s3'] } })
  }
  await subnet.publish(policyOf(subnet.devnet.bucket))
  await using validator = await openValidator(subnet)
  const { s3 } = await validator.verdicts(miner.hotkey, miner.uris)
  expect(s3).toEqual(miner.uris.map(() => 'valid'))
})

test(
  'a bucket that is not there: HuggingFace stands in, and nobody is judged for it',
  { timeout: 120_000 },
  async () => {
    const [miner] = subnet.miners
    if (miner === undefined) throw new Error('no miner')
    await subnet.publish(policyOf('bucket-that-is-gone'))
    miner.addRows(5)
    const receipt = await miner.storage.uploadData()
    expect(receipt.complete).toBe(false)
    expect(receipt.failedAttempts[0]).toMatchObject({ backend: 's3', code: 'NOT_FOUND' })
    await using validator = await openValidator(subnet)
    const verdicts = await validator.verdicts(miner.hotkey, miner.uris)
    expect(verdicts.combined).toEqual(miner.uris.map(() => 'valid'))
    expect(new Set(verdicts.s3)).toEqual(new Set(['unreachable']))
    await subnet.publish(policyOf(subnet.devnet.bucket))
    expect((await miner.storage.uploadData()).complete).toBe(true)
  },
)

test(
  'a wrong hub token is told without showing it, the rows wait and go with the right one',
  { timeout: 120_000 },
  async () => {
    const { chain, hub, miners } = subnet.devnet
    const [miner] = miners
    if (miner === undefined) throw new Error('no miner')
    await subnet.publish({ ...policyOf(subnet.devnet.bucket), rolloutPercentage: 0 })
    const folder = mkdtempSync(join(tmpdir(), 'sluice-token-'))
    const lines: string[] = []
    const note = (_fields: object, message: string): void => void lines.push(message)
    const content = Buffer.from('{"text":"kept"}')
    const facts = { timeBucketId: 490_000, source: 1, label: null, content, contentSizeBytes: content.length }
    const open = async (token: string): Promise<DualStorage> =>
      await createStorageFromConfig({
        chain: { endpoints: [chain.url] },
        netuid: chain.netuid,
        hotkey: await hotkeyFromUri(miner.uri),
        rows: {
          partitions: () => ({
            partitions: [{ source: 1, hour: 490_000, rows: 1, bytes: content.length }],
            unplaceable: [],
          }),
          rows: () => [{ uri: 'https://reddit.com/kept', datetime: '2026-11-21T00:00:00Z', ...facts }],
          close: () => undefined,
        },
        stateFile: join(folder, 'state.sqlite'),
        huggingFace: { token, hubUrl: hub.url, prefix: 'token' },
        environment: {},
        log: { debug: note, info: note, warn: note, error: note },
        calls: { attempts: 1 },
        pointer: null,
      })
    try {
      const refused = await open('hf_wrong_secret')
      const outcome: unknown = await refused.uploadData().catch((error: unknown) => error)
      await refused.close()
      expect(JSON.stringify(outcome) + lines.join(' ')).toMatch(/token|UNAUTHORIZED/i)
      expect(JSON.stringify(outcome) + lines.join(' ')).not.toContain('hf_wrong_secret')
      const right = await open(miner.hfToken)
      expect((await right.uploadData()).complete).toBe(true)
      await right.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
