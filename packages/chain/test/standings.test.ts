import { createPolicy, type Policy } from '@sluice/rollout'
import { startChainNode } from '@sluice/dev-chain'
import { expect, test } from 'vitest'
import { readSelective } from '../src/subnet/selective.ts'
import {
  createPolicySource,
  hotkeyFromUri,
  type NeuronStanding,
  openChain,
  type PolicySource,
  publishPolicy,
  readStandings,
} from '../src/index.ts'

const isOnS3 = ({ standing }: NeuronStanding): boolean => standing.required.includes('s3')
const s3 = { bucketName: 'subnet', authEndpoint: 'https://gateway.example.com' }

test('everybody’s standing follows from metagraph and policy of one chain', async () => {
  await using node = await startChainNode({ miners: 3, validators: 1 })
  await using chain = openChain({ endpoints: [node.url] })
  const policies = createPolicySource({ chain, netuid: node.netuid })
  const owner = await hotkeyFromUri(node.owner.hotkeyUri)
  const publish = async (policy: Policy): Promise<void> => {
    await publishPolicy(chain, { netuid: node.netuid, hotkey: owner, policy })
  }
  const read = async (): Promise<Map<string, [boolean, boolean, boolean]>> => {
    const { neurons } = await readStandings(chain, node.netuid, policies)
    return new Map(
      neurons.map((one) => [one.hotkey, [isOnS3(one), one.standing.because === 'excluded', one.validatorPermit]]),
    )
  }
  const miners = node.neurons.filter(({ role }) => role === 'miner').map(({ hotkey }) => hotkey)
  const [first = '', second = '', third = ''] = miners
  const validator = node.neurons.find(({ role }) => role === 'validator')?.hotkey ?? ''

  const before = await readStandings(chain, node.netuid, policies)
  expect(before.snapshot).toBeNull()
  expect(before.neurons.some(isOnS3)).toBe(false)
  expect(before.neurons[0]?.standing.reason).toContain('no storage policy')

  await publish(createPolicy({ useS3: true, useHuggingFace: true, s3, include: [first], exclude: [second] }))
  const during = await read()
  expect([first, second, third].map((hotkey) => during.get(hotkey))).toEqual([
    [true, false, false],
    [false, true, false],
    [false, false, false],
  ])
  expect(during.get(validator)?.[2]).toBe(true)

  await publish(createPolicy({ useS3: false, useHuggingFace: false }))
  expect([...(await read()).values()].some(([onS3]) => onS3)).toBe(false)
})

test('policy and metagraph are of one block, whatever is published between the two reads', async () => {
  await using node = await startChainNode({ miners: 1 })
  await using chain = openChain({ endpoints: [node.url] })
  const { netuid } = node
  const owner = await hotkeyFromUri(node.owner.hotkeyUri)
  const publish = async (rolloutPercentage: number): Promise<void> => {
    const policy = createPolicy({ useS3: true, s3, rolloutPercentage })
    await publishPolicy(chain, { netuid, hotkey: owner, policy })
  }
  await publish(100)
  const policies = createPolicySource({ chain, netuid })
  const between: PolicySource = {
    read: async (...input) => {
      await publish(0)
      return await policies.read(...input)
    },
  }
  const { block, blockHash, snapshot, neurons } = await readStandings(chain, netuid, between)
  expect(snapshot).toMatchObject({ block, blockHash, origin: 'chain', policy: { rolloutPercentage: 100 } })
  expect(neurons.every(isOnS3)).toBe(true)
  expect(neurons[0]?.standing.block).toBe(block)
  expect((await readStandings(chain, netuid, policies)).neurons.some(isOnS3)).toBe(false)
})

test('a stake is read whatever its size, and is unknown where the runtime does not tell it', () => {
  const metagraph = {
    ownerHotkey: 'o',
    ownerColdkey: 'c',
    hotkeys: ['a', 'b'],
    coldkeys: ['c', 'c'],
    validatorPermit: [true, false],
  }
  const stakes = (totalStake: unknown): unknown[] =>
    readSelective({ ...metagraph, totalStake }).neurons.map(({ stake }) => stake)
  expect(stakes([1_000_000_000, '0x20000000000000'])).toEqual([1_000_000_000n, 9_007_199_254_740_992n])
  expect([stakes(null), stakes(undefined), stakes([5])]).toEqual([
    [null, null],
    [null, null],
    [5n, null],
  ])
})
