import { createPolicy, type Policy } from '@sluice/rollout'
import { startChainNode } from '@sluice/dev-chain'
import { expect, test } from 'vitest'
import { readSelective } from '../src/subnet/selective.ts'
import { hotkeyFromUri, openChain, publishPolicy, createPolicySource, readStandings } from '../src/index.ts'

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
    return new Map(neurons.map((one) => [one.hotkey, [one.inCohort, one.excluded, one.validatorPermit]]))
  }
  const miners = node.neurons.filter(({ role }) => role === 'miner').map(({ hotkey }) => hotkey)
  const [first = '', second = '', third = ''] = miners
  const validator = node.neurons.find(({ role }) => role === 'validator')?.hotkey ?? ''

  const before = await readStandings(chain, node.netuid, policies)
  expect(before.snapshot).toBeNull()
  expect(before.neurons.every(({ inCohort }) => !inCohort)).toBe(true)
  expect(before.neurons[0]?.reason).toContain('no storage policy')

  await publish(createPolicy({ useS3: true, useHuggingFace: true, s3, include: [first], exclude: [second] }))
  const during = await read()
  expect([first, second, third].map((hotkey) => during.get(hotkey))).toEqual([
    [true, false, false],
    [false, true, false],
    [false, false, false],
  ])
  expect(during.get(validator)?.[2]).toBe(true)

  await publish(createPolicy({ useS3: false, useHuggingFace: false }))
  expect([...(await read()).values()].every(([inCohort]) => !inCohort)).toBe(true)
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
