import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLog } from '../src/log.ts'
import { readSettings, type Settings } from '../src/settings.ts'
import { startGateway } from '../src/start.ts'
import { createSqliteState } from '../src/state/sqlite.ts'
import { freePort } from './state/redis-server.ts'

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
const settingsWith = (port: number, state = ':memory:'): Settings =>
  readSettings({
    SLUICE_GATEWAY_PUBLIC_URL: 'https://gateway.example.com',
    SLUICE_GATEWAY_STATE: state,
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

test('with an old view from before it starts although the chain never answers', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-start-'))
  const file = join(folder, 'state.sqlite')
  const settings = settingsWith(await freePort(), file)
  const before = createSqliteState(file)
  await before.keep(`subnet-1@${settings.chainEndpoints.join()}`, '{"block":7,"movedAt":1000,"standings":[]}')
  await before.close()
  const gateway = await startGateway(settings, log)
  const health = await fetch(`http://127.0.0.1:${gateway.port}/healthz`)
  expect([health.status, await health.json()]).toMatchObject([200, { ok: false, chain: 'stale', block: 7 }])
  await gateway.close()
  rmSync(folder, { recursive: true, force: true })
})
