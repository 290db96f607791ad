import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DevChain, startChainNode } from '@sluice/dev-chain'
import { createPolicy } from '@sluice/rollout'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Chain,
  type PolicySource,
  createPolicySource,
  hotkeyFromUri,
  openChain,
  publishPolicy,
} from '../src/index.ts'

const policyOf = (rolloutPercentage: number) =>
  createPolicy({
    useS3: true,
    rolloutPercentage,
    s3: { bucketName: 'subnet-13', authEndpoint: 'https://auth.example.com', region: 'us-east-1' },
  })

describe('the policy source', () => {
  let node: DevChain
  let chain: Chain
  let folder: string
  let lastGoodFile: string
  let log: string[]
  beforeEach(async () => {
    node = await startChainNode({ blockTimeMs: 0 })
    chain = openChain({ endpoints: [node.url], connectTimeoutMs: 2000, callTimeoutMs: 2000 })
    folder = await mkdtemp(join(tmpdir(), 'sluice-policy-'))
    lastGoodFile = join(folder, 'deeper', 'policy.json')
    log = []
  })
  afterEach(async () => {
    await chain.close()
    await node.close()
    await rm(folder, { recursive: true, force: true })
  })

  const source = (options: { netuid?: number; file?: string; chain?: Chain } = {}): PolicySource =>
    createPolicySource({
      chain: options.chain ?? chain,
      netuid: options.netuid ?? node.netuid,
      lastGoodFile: options.file ?? lastGoodFile,
      log: (_level, message) => log.push(message),
    })
  const publish = async (percentage: number, uri = node.owner.hotkeyUri) =>
    await publishPolicy(chain, { netuid: node.netuid, hotkey: await hotkeyFromUri(uri), policy: policyOf(percentage) })
  /** Overwrites the owner's commitment in place. */
  const plant = async (info: string, block: number, hotkey = node.owner.hotkey): Promise<void> => {
    const number = Buffer.alloc(4)
    number.writeUInt32LE(block)
    await chain.use(async (connection) => {
      const key = connection.api.query['commitments']?.['commitmentOf']?.key(node.netuid, hotkey)
      await connection.send('dev_setStorage', [[[key, `0x0000000000000000${number.toString('hex')}${info}`]]])
    })
    await node.produceBlocks(1)
  }
  const raw = (text: string): string =>
    `04${(text.length + 1).toString(16).padStart(2, '0')}${Buffer.from(text).toString('hex')}`

  it('is null without a policy, and says so', async () => {
    expect(await source().read()).toBeNull()
    expect(log.join(' ')).toContain('has published no policy')
  })

  it('reads the chain, and keeps what it read', async () => {
    const written = await publish(25)
    expect(await source().read()).toMatchObject({ policy: policyOf(25), origin: 'chain', warnings: [] })
    expect(JSON.parse(await readFile(lastGoodFile, 'utf8'))).toMatchObject({
      v: 1,
      netuid: 13,
      ownerHotkey: node.owner.hotkey,
      commitmentBlock: written.block,
      genesisHash: chain.genesisHash,
    })
    expect((await stat(lastGoodFile)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(folder, 'deeper'))).toEqual(['policy.json'])
  })

  it('falls back to the last good policy of an earlier process when no endpoint answers', async () => {
    await publish(25)
    const fresh = await source().read()
    await node.close()
    await chain.close()
    const offline = openChain({ endpoints: [node.url], connectTimeoutMs: 500 })
    const snapshot = await source({ chain: offline }).read()
    expect(snapshot).toMatchObject({ policy: policyOf(25), origin: 'last-good', block: fresh?.block })
    expect(snapshot?.warnings.join(' ')).toMatch(/No chain endpoint can be used.*stays in force/)
    expect(await source({ chain: offline, file: join(folder, 'none.json') }).read()).toBeNull()
    expect(await source({ chain: offline, netuid: 14 }).read()).toBeNull()
    expect(log.join(' ')).toContain('another subnet or chain')
    await offline.close()
  })

  it('ignores a damaged file, and replaces it', async () => {
    for (const damage of ['', '{', '[]', '{"v":2}', `{"v":1,"netuid":13,"policy":{"v":1,"rollout_percentage":200}}`]) {
      await rm(join(folder, 'policy.json'), { force: true })
      await writeFile(join(folder, 'policy.json'), damage)
      expect(await source({ file: join(folder, 'policy.json') }).read()).toBeNull()
      expect(log.splice(0).join(' ')).toContain('is damaged and is ignored')
    }
    await publish(5)
    const path = join(folder, 'policy.json')
    expect(await source({ file: path }).read()).toMatchObject({ origin: 'chain' })
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ v: 1 })
  })

  it('goes on when the file cannot be kept', async () => {
    await publish(5)
    await writeFile(join(folder, 'deeper'), 'a file where a folder should be')
    const snapshot = await source().read()
    expect(snapshot).toMatchObject({ policy: policyOf(5), origin: 'chain' })
    expect(snapshot?.warnings.join(' ')).toContain('cannot be kept')
  })

  it('does not believe an endpoint that shows an older policy', async () => {
    await publish(5)
    const older = (await node.head()).block
    await node.produceBlocks(5)
    await publish(50)
    const reader = source()
    expect(await reader.read()).toMatchObject({ policy: policyOf(50) })
    await chain.use(async (connection) => await connection.send('dev_setHead', [older]))
    await node.produceBlocks(1)
    for (const again of [reader, source()]) {
      const snapshot = await again.read()
      expect(snapshot).toMatchObject({ policy: policyOf(50), origin: 'last-good' })
      expect(snapshot?.warnings.join(' ')).toContain('is not believed')
    }
  })

  it('takes the policy of a new owner hotkey, whatever its block', async () => {
    const miner = node.neurons.find(({ role }) => role === 'miner')?.hotkey ?? ''
    const before = source()
    await publish(50)
    await before.read()
    await plant(raw(`{"storage":{"use_s3":false}}`), 1, miner)
    await node.setOwnerHotkey(miner)
    expect(await before.read()).toMatchObject({ policy: { useS3: false }, origin: 'chain' })
  })

  it('does not take the owner hotkey of an endpoint that is behind for a new one', async () => {
    await publish(50)
    await source().read()
    const kept = JSON.parse(await readFile(lastGoodFile, 'utf8')) as object
    const miner = node.neurons.find(({ role }) => role === 'miner')?.hotkey
    await writeFile(lastGoodFile, JSON.stringify({ ...kept, ownerHotkey: miner, block: 1_000_000 }))
    const snapshot = await source().read()
    expect(snapshot).toMatchObject({ origin: 'last-good', block: 1_000_000 })
    expect(snapshot?.warnings.join(' ')).toContain('is not believed')
  })

  it('survives an endpoint on which the chain library itself stumbles', async () => {
    await publish(50)
    await source().read()
    const stumbling: Chain = { ...chain, use: async () => await Promise.reject(new TypeError('asMap of undefined')) }
    const snapshot = await source({ chain: stumbling }).read()
    expect(snapshot).toMatchObject({ policy: policyOf(50), origin: 'last-good' })
    expect(snapshot?.warnings.join(' ')).toContain('asMap of undefined')
  })

  it('keeps the last good policy while a new owner hotkey has none, and warns when it has no UID', async () => {
    const reader = source()
    await publish(50)
    await reader.read()
    await node.setOwnerHotkey((await hotkeyFromUri('//Stranger')).address)
    const snapshot = await reader.read()
    expect(snapshot).toMatchObject({ policy: policyOf(50), origin: 'last-good' })
    expect(snapshot?.warnings.join(' ')).toMatch(/has no UID.*has published no policy/)
  })

  it.each([
    ['a version of tomorrow', raw('{"storage":{"v":9}}'), /version 9/],
    ['nonsense', raw('{"storage":{"v":1,"rollout_percentage":"all"}}'), /unreadable/],
    ['somebody else’s value', raw('{"git":"4f7bc93"}'), /no policy/],
    ['bytes that are no commitment', '0483', /does not fit the type/],
  ])('keeps the last good policy when the commitment holds %s', async (_what, info, warning) => {
    const reader = source()
    await publish(50)
    await reader.read()
    await plant(info, (await node.head()).block)
    const snapshot = await reader.read()
    expect(snapshot).toMatchObject({ policy: policyOf(50), origin: 'last-good' })
    expect(snapshot?.warnings.join(' ')).toMatch(warning)
    expect(log.join(' ')).toMatch(warning)
  })

  it('gives up only when it is told to', async () => {
    await expect(source().read(AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' })
    await chain.close()
    await expect(source().read()).rejects.toMatchObject({ code: 'CLOSED' })
    expect(() => source({ netuid: -1 })).toThrow(/netuid/)
  })
})
