import type { Hotkey } from '@sluice/hotkey'
import { createPolicy } from '@sluice/rollout'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPolicySource, hotkeyFromUri, planPublication, publishPolicy, readPolicyRecord } from '../../src/index.ts'
import { finalizedHead } from '../../src/connection.ts'
import { commitmentLimits } from '../../src/publish/limits.ts'
import { prepareWrite } from '../../src/publish/commitment-write.ts'
import { writeCommitment } from '../../src/publish/publish.ts'
import { type LiveNode, netuid, nodes, openNode } from './node.ts'

const policy = createPolicy({
  useS3: true,
  rolloutPercentage: 25,
  s3: { bucketName: 'subnet-13', authEndpoint: 'https://auth.example.com', region: 'us-east-1' },
})

describe.each(nodes)('the policy on %s', (name) => {
  let node: LiveNode
  let owner: Hotkey
  let coldkey: Hotkey
  let stranger: Hotkey
  beforeAll(async () => {
    node = await openNode(name)
    owner = await hotkeyFromUri('//Alice//hot')
    coldkey = await hotkeyFromUri('//Alice')
    stranger = await hotkeyFromUri('//Stranger')
    await node.forget(owner.address)
  })
  afterAll(async () => {
    await node.close()
  })

  it('names owner and commitment of the subnet at one finalized block', async () => {
    const record = await readPolicyRecord(node.chain, netuid)
    expect(record).toMatchObject({
      netuid,
      ownerHotkey: owner.address,
      ownerColdkey: coldkey.address,
      ownerRegistered: true,
      fields: [],
      decoding: { kind: 'absent' },
      commitmentBlock: null,
    })
    await expect(readPolicyRecord(node.chain, 999)).rejects.toMatchObject({ code: 'NO_SUBNET' })
    await expect(readPolicyRecord(node.chain, 70_000)).rejects.toMatchObject({ code: 'NO_SUBNET' })
  })

  it('says which key must sign, before anything is signed', async () => {
    const plan = async (signer: string) => await planPublication(node.chain, { netuid, signer, policy })
    await expect(plan(coldkey.address)).rejects.toThrow(/COLDKEY.*AccountNotAllowedCommit.*owner hotkey 5G6Fyo6U2f/)
    await expect(plan(stranger.address)).rejects.toThrow(/not the owner hotkey.*must be signed by.*5G6Fyo6U2f/)
    await expect(plan(stranger.address)).rejects.toMatchObject({ code: 'WRONG_SIGNER', retryable: false })
  })

  it('is written, finalized and read back', async () => {
    const plan = await planPublication(node.chain, { netuid, signer: owner.address, policy })
    expect(plan.current).toEqual([])
    expect(plan.callHex).toMatch(/^0x12000d00/)
    const progress: string[] = []
    const written = await publishPolicy(node.chain, {
      netuid,
      hotkey: owner,
      policy,
      onProgress: (step) => progress.push(step),
    })
    expect(progress.at(-1)).toBe('finalized')
    expect(written.extrinsicHash).toMatch(/^0x[0-9a-f]{64}$/)
    const record = await readPolicyRecord(node.chain, netuid)
    expect(record.commitmentBlock).toBe(written.block)
    expect(record.fields).toEqual(plan.fields)
    const snapshot = await createPolicySource({ chain: node.chain, netuid }).read()
    expect(snapshot).toMatchObject({ policy, origin: 'chain', warnings: [] })
    expect(snapshot?.block).toBeGreaterThanOrEqual(written.block)
  })

  it('reports a call that the chain refuses though it is in a block', async () => {
    const { block, blockHash } = await readPolicyRecord(node.chain, netuid)
    const write = await node.chain.use(
      async (connection) =>
        await prepareWrite(connection, {
          netuid,
          hotkey: owner.address,
          head: { block: block + 1000, hash: blockHash },
          encode: (current) => ({ fields: current, encoding: 'compact', bytes: 1 }),
        }),
    )
    if (write === null) throw new Error('nothing to write')
    const forged = writeCommitment(node.chain, netuid, stranger, { ...write, commitmentBlock: null }, {}, undefined)
    await expect(forged).rejects.toMatchObject({ code: 'DISPATCH_FAILED' })
    await expect(forged).rejects.toThrow(/commitments\.AccountNotAllowedCommit/)
  })

  it('is refused before signing when the runtime would refuse the size or the rate', async () => {
    await node.chain.use(async (connection) => {
      const limits = commitmentLimits(connection.api)
      const head = await finalizedHead(connection)
      const field = { kind: 'raw', bytes: new Uint8Array(limits.maxRawBytes) } as const
      const attempt = async (count: number, bytes: number, length = field.bytes.length) =>
        await prepareWrite(connection, {
          netuid,
          hotkey: owner.address,
          head,
          encode: () => ({
            fields: Array.from({ length: count }, () => ({ kind: 'raw', bytes: new Uint8Array(length) })),
            encoding: 'compact',
            bytes,
          }),
        })
      await expect(attempt(limits.maxFields + 1, 100)).rejects.toMatchObject({ code: 'DOES_NOT_FIT' })
      if (limits.maxBigRawBytes === null) {
        await expect(attempt(1, 100)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryable: true })
      } else {
        expect(limits).toEqual({ maxFields: 3, maxRawBytes: 128, maxBigRawBytes: 512 })
        await expect(attempt(1, 3100)).rejects.toMatchObject({ code: 'NO_SPACE', retryable: true })
        await expect(attempt(1, 100, 129)).rejects.toMatchObject({ code: 'DOES_NOT_FIT' })
      }
    })
  })
})
