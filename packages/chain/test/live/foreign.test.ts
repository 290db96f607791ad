import type { Hotkey } from '@sluice/hotkey'
import { type CommitmentField, createPolicy } from '@sluice/rollout'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hotkeyFromUri, planPublication, publishPolicy, readPolicyRecord } from '../../src/index.ts'
import { commitmentLimits } from '../../src/publish/limits.ts'
import { encodeInfo } from '../../src/subnet/registration.ts'
import { type LiveNode, netuid, nodes, openNode } from './node.ts'

const policy = createPolicy({
  useS3: true,
  rolloutPercentage: 5,
  s3: { bucketName: 'subnet-13', authEndpoint: 'https://auth.example.com', region: 'us-east-1' },
})
/** What SN13's validators keep in the commitment, and a hash of somebody else. */
const foreign: readonly CommitmentField[] = [
  { kind: 'foreign', type: 'Sha256', scale: Uint8Array.from([131, ...new Uint8Array(32).fill(7)]) },
  { kind: 'raw', bytes: new TextEncoder().encode('{"git":"4f7bc93"}') },
]

describe.each(nodes)('a commitment that others use too, on %s', (name) => {
  let node: LiveNode
  let owner: Hotkey
  beforeAll(async () => {
    node = await openNode(name)
    owner = await hotkeyFromUri('//Alice//hot')
    await node.forget(owner.address)
  })
  afterAll(async () => {
    await node.close()
  })

  /** Puts fields into the owner's commitment without a write, as a commitment of block 1. */
  const plant = async (fields: readonly CommitmentField[]): Promise<void> => {
    await node.chain.use(async (connection) => {
      const key = connection.api.query['commitments']?.['commitmentOf']?.key(netuid, owner.address)
      const info = Buffer.from(encodeInfo(connection.api, fields)).toString('hex')
      // Registration: deposit u64, block u32, info.
      await connection.send('dev_setStorage', [[[key, `0x000000000000000001000000${info}`]]])
      await connection.send('dev_newBlock', [{ count: 1 }])
    })
  }

  it('keeps the foreign fields bit for bit, or refuses when there is no room', async () => {
    const limits = await node.chain.use(async (connection) => await Promise.resolve(commitmentLimits(connection.api)))
    const planted = foreign.slice(0, Math.max(1, limits.maxFields - 1))
    await plant(planted)
    expect(await readPolicyRecord(node.chain, netuid)).toMatchObject({
      fields: planted,
      decoding: { kind: 'absent' },
      commitmentBlock: 1,
    })
    if (limits.maxFields === 1) {
      await expect(planPublication(node.chain, { netuid, signer: owner.address, policy })).rejects.toMatchObject({
        code: 'DOES_NOT_FIT',
      })
      return
    }
    await publishPolicy(node.chain, { netuid, hotkey: owner, policy })
    const record = await readPolicyRecord(node.chain, netuid)
    expect(record.fields.slice(0, planted.length)).toEqual(planted)
    expect(record.fields).toHaveLength(planted.length + 1)
    expect(record.decoding).toMatchObject({ kind: 'policy', policy })
  })

  it('does not take bytes for a commitment that are none', async () => {
    await node.chain.use(async (connection) => {
      const key = connection.api.query['commitments']?.['commitmentOf']?.key(netuid, owner.address)
      await connection.send('dev_setStorage', [[[key, '0x0000000000000000010000000483']]])
      await connection.send('dev_newBlock', [{ count: 1 }])
    })
    await expect(readPolicyRecord(node.chain, netuid)).rejects.toMatchObject({ code: 'PROTOCOL' })
    await node.forget(owner.address)
  })
})
