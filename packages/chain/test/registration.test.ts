import { type DevChain, startChainNode } from '@sluice/dev-chain'
import type { CommitmentField } from '@sluice/rollout'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chain, openChain, readPolicyRecord } from '../src/index.ts'
import { decodeRegistration, encodeInfo, sameFields } from '../src/subnet/registration.ts'
import { startProxy } from './proxy.ts'

const bytes = (maxLength: number) => fc.uint8Array({ minLength: 0, maxLength })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const field: fc.Arbitrary<CommitmentField> = fc.oneof(
  bytes(128).map((content) => ({ kind: 'raw' as const, bytes: content })),
  bytes(512).map((content) => ({ kind: 'bigRaw' as const, bytes: content })),
  fc
    .constantFrom(['BlakeTwo256', 130], ['Sha256', 131], ['Keccak256', 132], ['ShaThree256', 133])
    .chain(([type, index]) =>
      hash.map((content) => ({
        kind: 'foreign' as const,
        type,
        scale: Uint8Array.from([index, ...content]),
      })),
    ),
  fc.constantFrom<CommitmentField>(
    { kind: 'foreign', type: 'None', scale: Uint8Array.from([0]) },
    { kind: 'foreign', type: 'ResetBondsFlag', scale: Uint8Array.from([135]) },
    // TimelockEncrypted: 2 bytes, reveal round 7.
    { kind: 'foreign', type: 'TimelockEncrypted', scale: Uint8Array.from([134, 8, 1, 2, 7, 0, 0, 0, 0, 0, 0, 0]) },
  ),
)

describe('registrations', () => {
  let node: DevChain
  let chain: Chain
  beforeAll(async () => {
    node = await startChainNode({ blockTimeMs: 0 })
    chain = openChain({ endpoints: [node.url] })
  })
  afterAll(async () => {
    await chain.close()
    await node.close()
  })
  const withApi = async (check: (api: Parameters<typeof encodeInfo>[0]) => void): Promise<void> => {
    await chain.use(async (connection) => await Promise.resolve(check(connection.api)))
  }
  /** deposit u64, block u32, info. */
  const registration = (block: number, info: Uint8Array): Uint8Array => {
    const head = Buffer.alloc(12)
    head.writeUInt32LE(block, 8)
    return Buffer.concat([head, info])
  }

  it('have the bytes that specs 293, 346 and 381 have', async () => {
    await withApi((api) => {
      const fields: readonly CommitmentField[] = [
        { kind: 'raw', bytes: new TextEncoder().encode('ab') },
        { kind: 'bigRaw', bytes: new TextEncoder().encode('c') },
      ]
      expect(Buffer.from(encodeInfo(api, fields)).toString('hex')).toBe('08036162880463')
    })
  })

  it('come back as they were written, foreign fields bit for bit', async () => {
    await withApi((api) => {
      fc.assert(
        fc.property(fc.array(field, { maxLength: 3 }), fc.nat(0xffff_ffff), (fields, block) => {
          const decoded = decodeRegistration(api, registration(block, encodeInfo(api, fields)))
          expect(decoded.block).toBe(block)
          expect(sameFields(api, decoded.fields, fields)).toBe(true)
          expect(decoded.fields.map((one) => one.kind)).toEqual(fields.map((one) => one.kind))
        }),
      )
    })
  })

  it('are never made up from arbitrary bytes', async () => {
    await withApi((api) => {
      fc.assert(
        fc.property(bytes(200), (raw) => {
          let fields: readonly CommitmentField[]
          try {
            fields = decodeRegistration(api, raw).fields
          } catch (error) {
            expect(error).toMatchObject({ name: 'ChainError', code: 'PROTOCOL' })
            return
          }
          expect(Buffer.from(raw.subarray(12)).equals(encodeInfo(api, fields))).toBe(true)
        }),
      )
    })
  })

  it('cost three small calls, all at one block', async () => {
    const proxy = await startProxy(node.url)
    const counted = openChain({ endpoints: [proxy.url] })
    await counted.finalizedHead()
    proxy.methods.length = 0
    const record = await readPolicyRecord(counted, node.netuid)
    expect(proxy.methods.filter((method) => !/^(system_health|state_getRuntimeVersion)$/.test(method))).toEqual([
      'chain_getFinalizedHead',
      'state_queryStorageAt',
      'state_queryStorageAt',
    ])
    expect(record).toMatchObject({
      block: (await node.finalizedHead()).block,
      blockHash: (await node.finalizedHead()).hash,
    })
    await counted.close()
    await proxy.close()
  })
})
