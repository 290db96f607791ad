import { setTimeout as sleep } from 'node:timers/promises'
import { createSigner } from '@sluice/signing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRedisState } from '../../src/state/redis.ts'
import { hasRedis, startRedis } from './redis-server.ts'
import { BASE, miner, openScene, read, type Reply, type Scene } from '../scene.ts'

describe.runIf(hasRedis)('two gateways over one Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let one: Scene
  let two: Scene
  beforeAll(async () => {
    server = await startRedis()
    one = await openScene({ state: await createRedisState({ url: server.url }), limits: { openUploads: 2 } })
    two = await openScene({
      state: await createRedisState({ url: server.url }),
      limits: { openUploads: 2 },
      store: one.store,
    })
  })
  afterAll(async () => {
    await one[Symbol.asyncDispose]()
    await two[Symbol.asyncDispose]()
    server.stop()
  })
  const body = new TextEncoder().encode('{}')
  const signed = async (): Promise<(gateway: Scene) => Promise<Reply>> => {
    const headers = await createSigner({ hotkey: miner }).authorize({
      method: 'POST',
      url: `${BASE}/uploads/list`,
      body,
    })
    const request = { method: 'POST', target: '/uploads/list', headers, body, address: '192.0.2.1' }
    return async ({ gateway }) => read(await gateway.handle(request))
  }

  test('a request that one has seen is refused by the other', async () => {
    const send = await signed()
    expect((await send(one)).status).toBe(200)
    expect((await send(two)).json.error?.code).toBe('REPLAYED')
    const race = await signed()
    const replies = await Promise.all(
      [one, two, one, two, one, two].map(async (gateway) => (await race(gateway)).status),
    )
    expect(replies.filter((status) => status === 200)).toHaveLength(1)
  })

  test('a gateway whose clock is behind takes nothing that another has taken', async () => {
    let ahead = Date.now() + 10_000
    let behind = Date.now()
    await using fast = await openScene({ state: await createRedisState({ url: server.url }), now: () => ahead })
    await using slow = await openScene({ state: await createRedisState({ url: server.url }), now: () => behind })
    // For the fast one the window ends in a moment, for the slow one in ten seconds.
    const signer = createSigner({ hotkey: miner, now: () => ahead - 59_000, lifetimeSeconds: 300 })
    const headers = await signer.authorize({ method: 'POST', url: `${BASE}/uploads/list`, body })
    const request = { method: 'POST', target: '/uploads/list', headers, body, address: '192.0.2.1' }
    expect((await fast.gateway.handle(request)).status).toBe(200)
    await sleep(1500)
    ahead += 1500
    behind += 1500
    expect(read(await slow.gateway.handle(request)).json.error?.code).toBe('REPLAYED')
  })

  test('an upload that one opened goes on at the other, and counts for both', async () => {
    const init = { key: 'a', bytes: 10, part_size: 10, checksum: 'none' }
    const { json } = await one.as(miner).send('POST', '/uploads/multipart/init', init)
    const ask = { upload_id: json['upload_id'], key: 'a', parts: [{ part_number: 1, bytes: 10 }] }
    expect((await two.as(miner).send('POST', '/uploads/multipart/part-url', ask)).status).toBe(200)
    expect((await two.as(miner).send('POST', '/uploads/multipart/init', init)).status).toBe(200)
    expect((await one.as(miner).send('POST', '/uploads/multipart/init', init)).status).toBe(429)
  })

  test('without Redis nothing is accepted, and the client is told to come back', async () => {
    server.stop()
    const reply = await one.as(miner).send('POST', '/uploads/list', {})
    expect([reply.status, reply.json.error?.code]).toEqual([503, 'STORE_UNAVAILABLE'])
    const health = await one.gateway.handle({
      method: 'GET',
      target: '/healthz',
      headers: {},
      body: new Uint8Array(0),
      address: 'x',
    })
    expect(health.status).toBe(503)
  })
})
