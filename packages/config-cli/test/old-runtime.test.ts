import { afterAll, beforeAll, expect, it } from 'vitest'
import { startSubnet, type TestSubnet } from './subnet.ts'

let subnet: TestSubnet
beforeAll(async () => {
  subnet = await startSubnet({ runtime: 'old' })
})
afterAll(async () => await subnet.close())

const set =
  'set --netuid 13 --wallet.name owner --yes --use_s3 true --bucket_name data-universe --auth_endpoint https://g.example.org'

it('a runtime with one Raw field and one write per 100 blocks is explained, not fought', async () => {
  const long = await subnet.run(`${set} --schedule 100:5`)
  expect([long.code, long.stderr]).toEqual([6, expect.stringContaining('Shorten the policy')])

  const first = await subnet.run(set)
  expect([first.code, (await subnet.record()).decoding.kind]).toEqual([0, 'policy'])

  const second = await subnet.run('rollout --netuid 13 --wallet.name owner --yes --percentage 5')
  expect([second.code, second.stderr]).toEqual([6, expect.stringContaining('one commitment per 100 blocks')])
  const status = await subnet.run('status --netuid 13')
  expect([status.code, status.stdout]).toEqual([0, expect.stringContaining('Try again in')])

  await subnet.node.produceBlocks(101)
  expect((await subnet.run('rollout --netuid 13 --wallet.name owner --yes --percentage 5')).code).toBe(0)
})
