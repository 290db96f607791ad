import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hotkeyPrefix } from '@sluice/hotkey'
import { hotkeyFromUri } from '@sluice/chain'
import type { PolicyInput } from '@sluice/rollout'
import { createStorageFromConfig } from '@sluice/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSubnet, type TestSubnet } from './subnet.ts'

/** What a miner sees of a gateway that refuses, is away, or must not be called. */
let subnet: TestSubnet

beforeAll(async () => {
  subnet = await startSubnet(2, 'gateway')
})
afterAll(async () => {
  await subnet?.close()
})

const liveEndpoint = (): string => subnet.devnet.gateway?.url ?? ''
const policyWith = (authEndpoint: string, more: PolicyInput = {}): PolicyInput => ({
  useS3: true,
  useHuggingFace: true,
  s3: { bucketName: subnet.devnet.bucket, authEndpoint, region: 'us-east-1' },
  rolloutPercentage: 100,
  ...more,
})

async function deadEndpoint(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

test(
  'a dead gateway puts new rows on HuggingFace; behind it a living one takes them',
  { timeout: 120_000 },
  async () => {
    const [miner] = subnet.miners
    if (miner === undefined) throw new Error('no miner')
    const dead = await deadEndpoint()
    await subnet.publish(policyWith(dead))
    miner.addRows(10)
    const first = await miner.storage.uploadData()
    expect(first.complete).toBe(false)
    expect(first.failedAttempts[0]).toMatchObject({ backend: 's3', code: 'UNAVAILABLE' })
    expect(first.copies.map((copy) => copy.backend)).toContain('huggingface')
    await subnet.publish(policyWith(`${dead},${liveEndpoint()}`))
    const second = await miner.storage.uploadData()
    expect(second.complete, JSON.stringify(second.failedAttempts)).toBe(true)
  },
)

test(
  'a miner outside the cohort that tries all the same is refused, and loses nothing',
  { timeout: 120_000 },
  async () => {
    const { chain, hub, miners } = subnet.devnet
    const [insider, outsider] = miners
    if (insider === undefined || outsider === undefined) throw new Error('no miners')
    await subnet.publish(policyWith(liveEndpoint(), { rolloutPercentage: 0, include: [insider.hotkey] }))
    const folder = mkdtempSync(join(tmpdir(), 'sluice-outsider-'))
    const content = Buffer.from('{"text":"smuggled"}')
    const facts = { timeBucketId: 490_000, source: 1, label: null, content, contentSizeBytes: content.length }
    const lines: string[] = []
    const note = (_fields: object, message: string): void => void lines.push(message)
    const storage = await createStorageFromConfig({
      chain: { endpoints: [chain.url] },
      netuid: chain.netuid,
      hotkey: await hotkeyFromUri(outsider.uri),
      rows: {
        partitions: () => ({
          partitions: [{ source: 1, hour: 490_000, rows: 1, bytes: content.length }],
          unplaceable: [],
        }),
        rows: () => [{ uri: 'https://reddit.com/smuggled', datetime: '2026-11-21T00:00:00Z', ...facts }],
        close: () => undefined,
      },
      stateFile: join(folder, 'state.sqlite'),
      huggingFace: { token: outsider.hfToken, hubUrl: hub.url },
      trust: { allowPrivateEndpoints: true },
      forceS3: true,
      environment: {},
      log: { debug: note, info: note, warn: note, error: note },
      calls: { attempts: 1 },
    })
    try {
      const receipt = await storage.uploadData()
      expect(receipt).toMatchObject({ complete: false, plan: { required: ['s3'], standIn: 'huggingface' } })
      expect(receipt.failedAttempts[0]).toMatchObject({ backend: 's3', code: 'FORBIDDEN' })
      expect(receipt.failedAttempts[0]?.message).toMatch(/NOT_IN_COHORT.*has not moved this hotkey to S3 yet/)
      expect(receipt.copies.map((copy) => copy.backend)).toEqual(['huggingface'])
      const keys: string[] = []
      for await (const { key } of subnet.bucket.list(hotkeyPrefix(outsider.hotkey))) keys.push(key)
      expect(keys).toEqual([])
      expect(lines.join('\n')).not.toMatch(/X-Amz-Signature/i)
    } finally {
      await storage.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

test('without the word for a devnet its gateway is not called', { timeout: 120_000 }, async () => {
  const { chain, hub, miners } = subnet.devnet
  const [who] = miners
  if (who === undefined) throw new Error('no miner')
  await subnet.publish(policyWith(liveEndpoint()))
  const folder = mkdtempSync(join(tmpdir(), 'sluice-guarded-'))
  const lines: string[] = []
  const note = (_fields: object, message: string): void => void lines.push(message)
  const storage = await createStorageFromConfig({
    chain: { endpoints: [chain.url] },
    netuid: chain.netuid,
    hotkey: await hotkeyFromUri(who.uri),
    rows: {
      partitions: () => ({ partitions: [], unplaceable: [] }),
      rows: () => [],
      close: () => undefined,
    },
    stateFile: join(folder, 'state.sqlite'),
    huggingFace: { token: who.hfToken, hubUrl: hub.url },
    environment: {},
    log: { debug: note, info: note, warn: note, error: note },
    calls: { attempts: 1 },
  })
  try {
    const outcome: unknown = await storage.uploadData().catch((error: unknown) => error)
    expect(`${lines.join('\n')} ${JSON.stringify(outcome)}`).toContain('must not be called: it is not https')
  } finally {
    await storage.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
