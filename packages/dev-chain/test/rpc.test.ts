import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type DevChain, startChainNode } from '../src/node.ts'
import { attachChain } from '../src/outside.ts'

const soon = { timeout: 30_000 }

let chain: DevChain
let http: string
beforeAll(async () => {
  chain = await startChainNode({ blockTimeMs: 0, validators: 2 })
  http = chain.url.replace('ws:', 'http:')
})
afterAll(() => chain.close())
const post = async (body: string): Promise<unknown> => await (await fetch(http, { method: 'POST', body })).json()
const call = async (method: string, params: unknown[] = []): Promise<{ result?: unknown; error?: { code: number } }> =>
  (await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))) as { result?: unknown }

test('rpc_methods names every method, subscriptions included', async () => {
  const { methods } = (await call('rpc_methods')).result as { methods: string[] }
  for (const name of [
    'author_submitAndWatchExtrinsic',
    'chain_subscribeFinalizedHeads',
    'chain_subscribeNewHeads',
    'payment_queryInfo',
    'state_call',
    'state_getKeysPaged',
    'state_getStorageAt',
    'state_queryStorageAt',
    'state_subscribeRuntimeVersion',
    'state_subscribeStorage',
    'system_accountNextIndex',
    'system_health',
  ]) {
    expect(methods).toContain(name)
  }
})

test('wrong messages get JSON-RPC errors', async () => {
  expect(await post('{')).toMatchObject({ error: { code: -32_700 } })
  expect(await post('5')).toMatchObject({ error: { code: -32_600 } })
  expect(await call('no_such')).toMatchObject({ error: { code: -32_601 } })
  expect(await call('constructor')).toMatchObject({ error: { code: -32_601 } })
  expect(await call('state_getStorage', ['zz'])).toMatchObject({ error: { code: -32_602 } })
  expect(await call('state_getKeysPaged', ['0x', 1001])).toMatchObject({ error: { code: -32_602 } })
  expect(await call('system_accountNextIndex', ['nobody'])).toMatchObject({ error: { code: -32_602 } })
  expect(await call('state_call', ['Nope_nope', '0x'])).toMatchObject({ error: { code: 4003 } })
  expect(await call('state_call', ['Metadata_metadata_at_version', '0x0f'])).toMatchObject({ error: { code: 4003 } })
})

test('a batch is answered in order', async () => {
  const batch = [
    { jsonrpc: '2.0', id: 7, method: 'system_chain', params: [] },
    { jsonrpc: '2.0', id: 8, method: 'system_chainType', params: [] },
  ]
  expect(await post(JSON.stringify(batch))).toEqual([
    { jsonrpc: '2.0', id: 7, result: 'Bittensor' },
    { jsonrpc: '2.0', id: 8, result: 'Development' },
  ])
})

test('keys are paged in order, from a start key', async () => {
  const uids = '0x658faa385070e074c85bf6b568cf0555aab1b4e78e1ea8305462ee53b3686dc80d00'
  const all = (await call('state_getKeysPaged', [uids, 1000])).result as string[]
  expect(all).toHaveLength(7)
  expect([...all].sort()).toEqual(all)
  const first = (await call('state_getKeysPaged', [uids, 3])).result as string[]
  const rest = (await call('state_getKeysPaged', [uids, 100, first[2]])).result as string[]
  expect([...first, ...rest]).toEqual(all)
})

test('a socket that sends rubbish is answered and can go on', async () => {
  const socket = new WebSocket(chain.url)
  const replies: string[] = []
  socket.on('message', (data) => void replies.push((data as Buffer).toString()))
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send('rubbish')
  socket.send(Buffer.from([0xff, 0xfe]))
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'system_health', params: [] }))
  await expect.poll(() => replies.length, soon).toBe(3)
  expect(JSON.parse(replies[2] ?? '')).toMatchObject({ result: { isSyncing: false } })
  socket.terminate()
})

test('a node elsewhere is driven by the same levers', async () => {
  const outside = await attachChain({ url: chain.url, netuid: 13, miners: 4, validators: 2 })
  expect(outside.neurons).toEqual(chain.neurons)
  const { block } = await outside.head()
  await outside.produceBlocks(120)
  expect((await outside.head()).block).toBe(block + 120)
  await outside.reorg(3)
  expect((await outside.finalizedHead()).block).toBe(block + 121)
  await outside.setOwnerHotkey(chain.neurons[1]?.hotkey ?? '')
  const key = '0x658faa385070e074c85bf6b568cf055568b7553499633fe05caf4d8a51aefe5c0d00'
  expect((await call('state_getStorage', [key])).result).toMatch(/^0x10470b1b9aca3eff/)
})

test('a node elsewhere without our cast, or no node at all, is refused with what to do', async () => {
  await expect(attachChain({ url: chain.url, netuid: 13, miners: 5, validators: 2 })).rejects.toThrow(
    /\/\/Miner\/\/4 .* not registered in subnet 13 .* ask for fewer/,
  )
  await expect(attachChain({ url: 'ws://127.0.0.1:1', netuid: 13, miners: 1, validators: 1 })).rejects.toThrow(
    /cannot reach the chain at ws:\/\/127.0.0.1:1/,
  )
})
