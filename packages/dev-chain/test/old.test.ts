import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DevChain, startChainNode } from '../src/node.ts'
import { type Client, openClient } from './client.ts'

/** Known answers of spec 218 (2025-01): one field, no BigRaw, one commitment per 100 blocks. */
let chain: DevChain
let client: Client
beforeAll(async () => {
  chain = await startChainNode({ blockTimeMs: 0, runtime: 'old' })
  client = await openClient(chain.url)
})
afterAll(async () => {
  await client.close()
  await chain.close()
})

test('limits and types are those of the old runtime', async () => {
  expect(client.api.runtimeVersion.specVersion.toNumber()).toBe(218)
  expect(client.api.consts['commitments']!['maxFields']!.toHex()).toBe('0x00000001')
  expect(client.api.consts['commitments']!['rateLimit']!.toHex()).toBe('0x00000064')
  expect(client.api.query['commitments']!['maxSpace']).toBeUndefined()
  expect(client.api.errors['commitments']!['CommitmentSetRateLimitExceeded']!.meta.index.toNumber()).toBe(2)
  expect(client.api.registry.signedExtensions.slice(8, 10)).toEqual([
    'SubtensorSignedExtension',
    'CommitmentsSignedExtension',
  ])
  expect(() => client.commit([{ BigRaw: '0x63' }])).toThrow(/BigRaw/)
  const call = ['SubnetInfoRuntimeApi_get_selective_metagraph', '0x0d00040000']
  await expect(client.provider.send('state_call', call)).rejects.toThrow(/is not found/)
})

test('one commitment per 100 blocks', async () => {
  const tx = client.commit([{ Raw2: '0x6162' }])
  expect(tx.method.toHex()).toBe('0x12000d0004036162')
  expect((await client.send(tx, '//Miner//0')).error).toBeNull()
  expect((await client.send(tx, '//Miner//0')).error).toBe('commitments.CommitmentSetRateLimitExceeded')
  await chain.produceBlocks(98)
  expect((await client.send(tx, '//Miner//0')).error).toBeNull()
})

test('a second field is refused at submission', async () => {
  await expect(client.send(client.commit([{ Raw2: '0x6162' }, { Raw2: '0x6162' }]), '//Miner//1')).rejects.toThrow(
    /1002/,
  )
})
