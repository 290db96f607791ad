import { repositoryName } from '@sluice/hotkey'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSubnet, type TestSubnet } from './subnet.ts'

let subnet: TestSubnet

beforeAll(async () => {
  subnet = await startSubnet(1, 'direct')
})
afterAll(async () => {
  await subnet?.close()
})

test('the HuggingFace repository describes what it holds, and changes only when that does', async () => {
  const [miner] = subnet.miners
  if (miner === undefined) throw new Error('no miner')
  const repository = `${subnet.devnet.hub.url}/datasets/miner-0/${repositoryName('sluice', miner.hotkey)}`
  const read = async (path: string): Promise<string> => await (await fetch(`${repository}/resolve/main/${path}`)).text()

  miner.addRows(30)
  await miner.storage.uploadData()
  const first = await read('stats.json')
  expect(JSON.parse(first)).toMatchObject({ version: '2.0.0', data_source: 'x', summary: { total_rows: 30 } })
  expect(await read('README.md')).toContain(miner.hotkey)

  await miner.storage.uploadData()
  expect(await read('stats.json')).toBe(first)

  miner.addRows(12)
  await miner.storage.uploadData()
  const stats = JSON.parse(await read('stats.json')) as { summary: { total_rows: number; update_history: unknown[] } }
  expect(stats.summary.total_rows).toBe(42)
  expect(stats.summary.update_history).toHaveLength(2)
})
