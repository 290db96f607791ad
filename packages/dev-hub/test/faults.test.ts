import { afterEach, expect, test } from 'vitest'

import { type DevHub, type HubOptions, startHub } from '../src/server.ts'

let hub: DevHub

afterEach(async () => {
  await hub.close()
})

async function start(options: HubOptions = {}): Promise<void> {
  hub = await startHub({ users: [{ name: 'alice', token: 'hf_alice' }], ...options })
  expect((await post('/api/repos/create', JSON.stringify({ name: 'd', type: 'dataset' }))).status).toBe(200)
}

const post = (path: string, body: string, signal?: AbortSignal): Promise<Response> =>
  fetch(hub.url + path, {
    method: 'POST',
    body,
    headers: { Authorization: 'Bearer hf_alice' },
    ...(signal ? { signal } : {}),
  })
const whoAmI = (): Promise<Response> =>
  fetch(`${hub.url}/api/whoami-v2`, { headers: { Authorization: 'Bearer hf_alice' } })
const commit = (): Promise<Response> =>
  post('/api/datasets/alice/d/commit/main', `${JSON.stringify({ key: 'header', value: { summary: 'x' } })}\n`)
const commits = async (): Promise<string | null> =>
  (await fetch(`${hub.url}/api/datasets/alice/d/commits/main`)).headers.get('x-total-count')

test('answers with a status for as many requests as asked, on the matching path only', async () => {
  await start()
  hub.faults.add({
    path: /whoami/,
    times: 2,
    kind: { status: 429, retryAfterSeconds: 3, rateLimitResetSeconds: 55, code: 'X' },
  })
  const first = await whoAmI()
  expect(first.status).toBe(429)
  expect(first.headers.get('ratelimit')).toBe('"api";r=0;t=55')
  expect(first.headers.get('retry-after')).toBe('3')
  expect(first.headers.get('x-error-code')).toBe('X')
  expect((await commit()).status).toBe(200)
  expect((await whoAmI()).status).toBe(429)
  expect((await whoAmI()).status).toBe(200)
})

test('a fault without a count stays until it is removed', async () => {
  await start()
  const remove = hub.faults.add({ method: 'POST', kind: { status: 412 } })
  expect((await commit()).status).toBe(412)
  expect((await commit()).status).toBe(412)
  remove()
  expect((await commit()).status).toBe(200)
  hub.faults.add({ kind: { status: 503 } })
  hub.faults.clear()
  expect((await whoAmI()).status).toBe(200)
})

test('a reset does nothing, a lost reply has done it', async () => {
  await start()
  const before = Number(await commits())
  hub.faults.add({ path: /commit\/main/, times: 1, kind: 'reset' })
  await expect(commit()).rejects.toThrow('fetch failed')
  expect(Number(await commits())).toBe(before)
  hub.faults.add({ path: /commit\/main/, times: 1, kind: 'lost-reply' })
  await expect(commit()).rejects.toThrow('fetch failed')
  expect(Number(await commits())).toBe(before + 1)
})

test('a stalled request is never answered, a slow one is', async () => {
  await start()
  hub.faults.add({ path: /commit\/main/, times: 1, kind: 'stall' })
  const body = `${JSON.stringify({ key: 'header', value: { summary: 'x' } })}\n`
  await expect(post('/api/datasets/alice/d/commit/main', body, AbortSignal.timeout(200))).rejects.toThrow(
    /abort|timeout/i,
  )
  hub.faults.add({ path: /commit\/main/, times: 1, kind: { slowMs: 20 } })
  expect((await commit()).status).toBe(200)
})

test('counts calls and commits in windows', async () => {
  let now = 1_000_000_000_000
  await start({ limits: { api: { quota: 5, windowSeconds: 300 }, commitsPerHour: 2 }, now: () => now })
  expect((await commit()).headers.get('ratelimit')).toMatch(/^"api";r=3;t=\d+$/)
  expect((await commit()).status).toBe(200)
  const third = await commit()
  expect(third.status).toBe(429)
  expect(await third.json()).toMatchObject({ error: expect.stringContaining('hourly quotas for action: commit') })
  await whoAmI()
  expect((await whoAmI()).status).toBe(429)
  now += 3_600_000
  expect((await commit()).status).toBe(200)
})
