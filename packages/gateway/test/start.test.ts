import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLog } from '../src/log.ts'
import { readSettings, type Settings } from '../src/settings.ts'
import { startGateway } from '../src/start.ts'
import { freePort } from './redis-server.ts'

/** A chain's endpoint that takes connections and never says anything. */
let silent: Server
const sockets = new Set<Socket>()
beforeAll(async () => {
  silent = createServer((socket) => void sockets.add(socket.on('error', () => undefined)))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  silent.close()
})

const log = createLog('error', { write: () => undefined })
const settingsWith = (port: number): Settings =>
  readSettings({
    SLUICE_GATEWAY_PUBLIC_URL: 'https://gateway.example.com',
    SLUICE_GATEWAY_STATE: ':memory:',
    SLUICE_GATEWAY_PORT: String(port),
    SLUICE_NETUID: '1',
    SLUICE_CHAIN_ENDPOINT: `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    SLUICE_S3_BUCKET: 'subnet',
    SLUICE_S3_ENDPOINT: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  })

/** Answered as soon as the server listens, which is before the gateway has started. */
async function post(url: string, body: Uint8Array): Promise<Response> {
  for (;;) {
    try {
      return await fetch(url, { method: 'POST', body })
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

test('while it starts, a POST is told to come back, and a signal ends the start', async () => {
  const port = await freePort()
  const stop = new AbortController()
  const starting = startGateway(settingsWith(port), log, stop.signal)
  const ended = starting.then(
    () => 'started',
    (error: Error) => error.name,
  )
  for (const target of ['/uploads/url', '/uploads/multipart/complete']) {
    const reply = await post(`http://127.0.0.1:${port}${target}`, new Uint8Array(1_000_000))
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await reply.json()).toMatchObject({ error: { code: 'STORE_UNAVAILABLE', retry_after: 1 } })
  }
  stop.abort()
  expect(await ended).toBe('AbortError')
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()
})
