import { blake2AsHex } from '@polkadot/util-crypto'
import { afterEach, expect, test } from 'vitest'
import { type ChainNodeOptions, type DevChain, startChainNode } from '../src/node.ts'
import { type Client, openClient } from './client.ts'

const soon = { timeout: 30_000 }

let chain: DevChain
let client: Client
const start = async (options: ChainNodeOptions = {}): Promise<void> => {
  chain = await startChainNode({ blockTimeMs: 0, ...options })
  client = await openClient(chain.url)
}
afterEach(async () => {
  await client.close()
  await chain.close()
})
const commitmentAt = async (uri: string, hash: string): Promise<unknown> => {
  const at = await client.api.at(hash)
  return (await at.query['commitments']!['commitmentOf']!(13, client.key(uri).address)).toJSON()
}

test('a block hash is the blake2-256 of its SCALE header, and parents link', async () => {
  await start()
  const last = await chain.produceBlocks(3)
  const header = await client.api.rpc.chain.getHeader(last)
  expect(header.hash.toHex()).toBe(last)
  expect(blake2AsHex(header.toU8a(), 256)).toBe(last)
  const parent = await client.api.rpc.chain.getHeader(header.parentHash)
  expect(parent.number.toNumber()).toBe(header.number.toNumber() - 1)
  const genesis = await client.api.rpc.chain.getHeader(client.api.genesisHash)
  expect(genesis.hash.toHex()).toBe(client.api.genesisHash.toHex())
})

test('two nodes with the same options share a genesis, another name or cast has its own', async () => {
  await start()
  const genesisOf = async (options: ChainNodeOptions): Promise<string> => {
    await using other = await startChainNode({ blockTimeMs: 0, ...options })
    const them = await openClient(other.url)
    const hash = them.api.genesisHash.toHex()
    await them.close()
    return hash
  }
  const own = client.api.genesisHash.toHex()
  expect(await genesisOf({})).toBe(own)
  expect(await genesisOf({ name: 'Other' })).not.toBe(own)
  expect(await genesisOf({ miners: 5 })).not.toBe(own)
})

test('state of every retained block can be read, and older blocks are forgotten', async () => {
  await start({ retained: 200 })
  const before = await chain.head()
  const { blockHash } = await client.send(client.commit([{ Raw2: '0x6162' }]), '//Miner//0')
  await chain.produceBlocks(150)
  await client.send(client.commit([{ Raw2: '0x6364' }]), '//Miner//0')
  expect(await commitmentAt('//Miner//0', before.hash)).toBeNull()
  expect(await commitmentAt('//Miner//0', blockHash)).toMatchObject({ info: { fields: [{ raw2: '0x6162' }] } })
  expect(await commitmentAt('//Miner//0', (await chain.head()).hash)).toMatchObject({
    info: { fields: [{ raw2: '0x6364' }] },
  })
  await chain.produceBlocks(100)
  await expect(client.provider.send('state_queryStorageAt', [[], blockHash])).rejects.toThrow(/UnknownBlock/)
  await expect(client.provider.send('state_getMetadata', [`0x${'00'.repeat(32)}`])).rejects.toThrow(/UnknownBlock/)
  expect(await client.provider.send('chain_getBlockHash', [0])).toBe(client.api.genesisHash.toHex())
})

test('finality follows at its distance, stalls and catches up', async () => {
  await start({ finalityLag: 3 })
  await chain.produceBlocks(8)
  expect((await chain.head()).block).toBe(10)
  expect((await chain.finalizedHead()).block).toBe(7)
  chain.stallFinality(true)
  await chain.produceBlocks(5)
  expect((await chain.finalizedHead()).block).toBe(7)
  const seen: number[] = []
  const stop = await client.api.rpc.chain.subscribeFinalizedHeads((header) => void seen.push(header.number.toNumber()))
  await expect.poll(() => seen, soon).toEqual([7])
  chain.stallFinality(false)
  await expect.poll(() => seen, soon).toEqual([7, 8, 9, 10, 11, 12])
  stop()
})

test('a reorg takes a commitment back and the pool brings it in again', async () => {
  await start({ finalityLag: 5 })
  const statuses: string[] = []
  const stop = await client.commit([{ Raw2: '0x6162' }]).signAndSend(client.key('//Miner//0'), ({ status }) => {
    statuses.push(status.type)
  })
  await expect.poll(() => statuses, soon).toContain('InBlock')
  const { hash } = await chain.head()
  await chain.reorg(1)
  await expect.poll(() => statuses, soon).toEqual(['Ready', 'InBlock', 'Retracted', 'InBlock'])
  expect((await chain.head()).hash).not.toBe(hash)
  expect(await commitmentAt('//Miner//0', hash)).not.toBeNull()
  await chain.produceBlocks(5)
  await expect.poll(() => statuses.at(-1), soon).toBe('Finalized')
  stop()
})

test('a reorg that drops what it replaces leaves no trace of it', async () => {
  await start({ finalityLag: 5 })
  const values: unknown[] = []
  const stop = await client.api.query['commitments']!['commitmentOf']!(
    13,
    client.key('//Miner//0').address,
    (value: { toJSON(): unknown }) => void values.push(value.toJSON()),
  )
  const statuses: string[] = []
  await client.commit([{ Raw2: '0x6162' }]).signAndSend(client.key('//Miner//0'), ({ status }) => {
    statuses.push(status.type)
  })
  await expect.poll(() => statuses, soon).toContain('InBlock')
  await chain.reorg(1, { drop: true })
  await expect.poll(() => statuses, soon).toEqual(['Ready', 'InBlock', 'Retracted', 'Dropped'])
  await expect.poll(() => values.map((value) => value === null), soon).toEqual([true, false, true])
  ;(stop as unknown as () => void)()
})

test('final blocks are never replaced by a reorg, but a lever of tests may go back', async () => {
  await start()
  await chain.produceBlocks(5)
  await expect(chain.reorg(1)).rejects.toThrow(/only 0 are not final/)
  await client.provider.send('dev_setHead', [4])
  expect((await chain.head()).block).toBe(4)
  expect((await chain.finalizedHead()).block).toBe(4)
  await client.provider.send('dev_newBlock', [{ count: 3 }])
  expect((await chain.head()).block).toBe(7)
  await expect(client.provider.send('dev_setHead', [99])).rejects.toThrow(/known block/)
})

test('storage is changed in place by raw key or by name', async () => {
  await start()
  const miner = client.key('//Miner//0').address
  await client.provider.send('dev_setStorage', [
    { SubtensorModule: { Uids: [[[13, miner], null]], Tempo: [[[13], 9]] } },
  ])
  expect((await client.api.query['subtensorModule']!['uids']!(13, miner)).toJSON()).toBeNull()
  expect((await client.api.query['subtensorModule']!['tempo']!(13)).toJSON()).toBe(9)
  const outcome = await client.send(client.commit([]), '//Miner//0')
  expect(outcome.error).toBe('commitments.AccountNotAllowedCommit')
  const key = client.api.query['commitments']!['maxSpace']!.key()
  await client.provider.send('dev_setStorage', [[[key, '0x05000000']]])
  expect((await client.api.query['commitments']!['maxSpace']!()).toJSON()).toBe(5)
  await expect(client.provider.send('dev_setStorage', [{ Nope: {} }])).rejects.toThrow(/no pallet/)
})

test('blocks come by the clock too, and extrinsics can be made to wait for them', async () => {
  await start({ instant: false })
  const sent = client.send(client.commit([]), '//Miner//0')
  await expect
    .poll(async () => (await client.provider.send<string[]>('author_pendingExtrinsics', [])).length, soon)
    .toBe(1)
  expect((await chain.head()).block).toBe(2)
  await chain.produceBlocks(1)
  expect((await sent).error).toBeNull()
  await using ticking = await startChainNode({ blockTimeMs: 5 })
  await expect.poll(async () => (await ticking.head()).block, soon).toBeGreaterThan(5)
})
