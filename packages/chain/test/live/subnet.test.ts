import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hotkeyFromUri, publishPointer, readMetagraph, readPointers } from '../../src/index.ts'
import { finalizedHead } from '../../src/connection.ts'
import { neuronsFromStorage } from '../../src/subnet/metagraph.ts'
import { type LiveNode, netuid, nodes, openNode } from './node.ts'

describe.each(nodes)('the subnet on %s', (name) => {
  let node: LiveNode
  beforeAll(async () => {
    node = await openNode(name)
  })
  afterAll(async () => {
    await node.close()
  })

  it('tells every neuron with hotkey, coldkey and permit', async () => {
    const metagraph = await readMetagraph(node.chain, netuid)
    const owner = await hotkeyFromUri('//Alice//hot')
    const validator = await hotkeyFromUri('//Bob//hot')
    const miner = await hotkeyFromUri('//Miner//0')
    const cold = await hotkeyFromUri('//Alice')
    expect(metagraph.ownerHotkey).toBe(owner.address)
    expect(metagraph.ownerColdkey).toBe(cold.address)
    expect(metagraph.neurons.map((neuron) => neuron.uid)).toEqual(metagraph.neurons.map((_, uid) => uid))
    expect(metagraph.neurons[0]).toMatchObject({ hotkey: owner.address, coldkey: cold.address })
    expect(metagraph.neurons.find(({ hotkey }) => hotkey === validator.address)?.validatorPermit).toBe(true)
    expect(metagraph.neurons.some(({ hotkey }) => hotkey === miner.address)).toBe(true)
  })

  it('is the same from storage as from the runtime API', async () => {
    await node.chain.use(async (connection) => {
      const head = await finalizedHead(connection)
      const { ownerHotkey, ownerColdkey, neurons } = await readMetagraph(node.chain, netuid)
      const withoutStake = neurons.map((neuron) => ({ ...neuron, stake: null }))
      expect(await neuronsFromStorage(connection, netuid, head.hash)).toEqual({
        ownerHotkey,
        ownerColdkey,
        neurons: withoutStake,
      })
    })
  })

  it('refuses a subnet that does not exist', async () => {
    await expect(readMetagraph(node.chain, 4242)).rejects.toMatchObject({ code: 'NO_SUBNET' })
    await expect(readMetagraph(node.chain, 1.5)).rejects.toMatchObject({ code: 'NO_SUBNET' })
  })

  it('takes a pointer from a hotkey without a balance, once', async () => {
    const miner = await hotkeyFromUri('//Miner//1')
    await node.forget(miner.address)
    expect((await readPointers(node.chain, netuid)).has(miner.address)).toBe(false)
    const written = await publishPointer(node.chain, { netuid, hotkey: miner, repository: 'alice/sn13_5C59Rjex' })
    expect(written?.blockHash).toMatch(/^0x/)
    expect((await readPointers(node.chain, netuid)).get(miner.address)).toBe('alice/sn13_5C59Rjex')
    expect(await publishPointer(node.chain, { netuid, hotkey: miner, repository: 'alice/sn13_5C59Rjex' })).toBeNull()
  })

  it('takes no pointer from a hotkey without a UID', async () => {
    const stranger = await hotkeyFromUri('//Stranger')
    await expect(publishPointer(node.chain, { netuid, hotkey: stranger, repository: 'a/b' })).rejects.toMatchObject({
      code: 'NOT_REGISTERED',
    })
  })
})
