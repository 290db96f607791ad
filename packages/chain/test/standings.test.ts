import { createPolicy, type Policy } from '@sluice/rollout'
import { startChainNode } from '@sluice/devnet'
import { expect, test } from 'vitest'
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
