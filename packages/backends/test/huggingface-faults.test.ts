import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { type DevHub, type HubRequest, startHub } from '@sluice/dev-hub'
import type { BackendError } from '../src/port/errors.ts'
import { createHuggingFaceBackend, type HuggingFaceBackendOptions } from '../src/huggingface/backend.ts'
import { huggingFaceNamespace } from '../src/huggingface/namespace.ts'
import { codeOf, listAll, objectOf, putAll, readKey } from '../src/port/contract-calls.ts'

let hub: DevHub
let requests: HubRequest[]
let slept: number[]

beforeEach(async () => {
  requests = []
  slept = []
  hub = await startHub({
    users: [
      { name: 'alice', token: 'hf_alice' },
      { name: 'bob', token: 'hf_bob' },
    ],
    pageSize: 20,
    onRequest: (request) => requests.push(request),
  })
})

afterEach(async () => {
  await hub.close()
})

const backendOf = (more: Partial<HuggingFaceBackendOptions> = {}): ReturnType<typeof createHuggingFaceBackend> =>
  createHuggingFaceBackend({
    repository: 'alice/data',
    token: 'hf_alice',
    hubUrl: hub.url,
    sleep: async (ms) => void slept.push(ms),
    random: () => 0.5,
    ...more,
  })
const part = (name: string, bytes = 2000): ReturnType<typeof objectOf> =>
  objectOf(`d/${name}.parquet`, randomBytes(bytes))
const sent = (method: string, path: RegExp): number =>
  requests.filter((request) => request.method === method && request.path.search(path) >= 0).length
const commitCount = async (): Promise<number> =>
  Number((await fetch(`${hub.url}/api/datasets/alice/data/commits/main`)).headers.get('x-total-count'))
async function errorOf(work: Promise<unknown>): Promise<BackendError> {
  return await work.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: BackendError) => error,
  )
}

describe('a batch survives', () => {
  test.each([
    [
      '503 on every step',
      () => hub.faults.add({ method: 'POST', path: /(preupload|paths-info|batch)/, times: 3, kind: { status: 503 } }),
    ],
    ['a reset while sending', () => hub.faults.add({ method: 'PUT', times: 2, kind: 'reset' })],
    ['a lost answer to an upload', () => hub.faults.add({ method: 'PUT', times: 1, kind: 'lost-reply' })],
    ['a refused upload link', () => hub.faults.add({ method: 'PUT', times: 1, kind: { status: 403 } })],
    ['500 before the commit is made', () => hub.faults.add({ path: /\/commit\//, times: 1, kind: { status: 500 } })],
    ['a conflicting commit', () => hub.faults.add({ path: /\/commit\//, times: 2, kind: { status: 412 } })],
    ['a reset of the commit', () => hub.faults.add({ path: /\/commit\//, times: 1, kind: 'reset' })],
    [
      'a commit that was made without an answer',
      () => hub.faults.add({ path: /\/commit\//, times: 1, kind: 'lost-reply' }),
    ],
    ['a lost answer to the creation', () => hub.faults.add({ path: /repos\/create/, times: 1, kind: 'lost-reply' })],
  ])('%s', async (_name, fault) => {
    fault()
    const objects = [part('a'), part('b'), objectOf('d/small.json', '{}')]
    const results = await putAll(backendOf(), objects)
    expect(results).toMatchObject(objects.map(({ key }) => ({ ok: true, key })))
    for (const { key, source } of objects)
      expect(await readKey(backendOf(), key)).toEqual(Buffer.from('data' in source ? source.data : ''))
    expect(await commitCount()).toBe(2)
  })

  test('a hub that says how long to wait', async () => {
    hub.faults.add({ path: /preupload/, times: 1, kind: { status: 429, rateLimitResetSeconds: 7 } })
    hub.faults.add({ path: /\/commit\//, times: 1, kind: { status: 429, retryAfterSeconds: 3 } })
    expect(await putAll(backendOf(), [part('a')])).toMatchObject([{ ok: true }])
    expect(slept).toEqual([8000, 3000])
  })

  test('a stalled upload', async () => {
    hub.faults.add({ method: 'PUT', times: 1, kind: 'stall' })
    expect(await putAll(backendOf({ idleMs: 1000 }), [part('a', 3_000_000)])).toMatchObject([{ ok: true }])
    expect(sent('PUT', /lfs/)).toBeGreaterThan(1)
  })

  test('an upload that is slow but moves, for longer than the idle time', async () => {
    const slowly: typeof fetch = async (input, init) => {
      if (init?.body instanceof Blob) {
        for await (const _chunk of init.body.stream()) {
          await delay(50)
          init.signal?.throwIfAborted()
        }
      }
      return await fetch(input, init)
    }
    expect(await putAll(backendOf({ idleMs: 1500, fetch: slowly }), [part('a', 12_000_000)])).toMatchObject([
      { ok: true },
    ])
    expect(sent('PUT', /lfs/)).toBe(1)
  })
})

describe('a batch is refused', () => {
  test('with the time to wait, when the hub wants too much patience', async () => {
    hub.faults.add({ path: /\/commit\//, kind: { status: 429, rateLimitResetSeconds: 1800 } })
    const [result] = await putAll(backendOf(), [part('a')])
    expect(result).toMatchObject({ ok: false, error: { code: 'THROTTLED', retryable: true, retryAfterMs: 1_801_000 } })
    expect(slept).toEqual([])
  })

  test('for good, when the next commit would meet the same', async () => {
    hub.faults.add({ path: /\/commit\//, kind: { status: 429, rateLimitResetSeconds: 1800 } })
    const many = Array.from({ length: 250 }, (_, i) => objectOf(`many/${i}.txt`, `${i}`))
    const results = await putAll(backendOf(), many)
    expect(results.map((result) => result.ok)).toEqual(many.map(() => false))
    expect(sent('POST', /\/commit\//)).toBe(1)
  })

  test('by the caller while it waits for its turn', async () => {
    hub.faults.add({ path: /\/commit\//, kind: 'stall' })
    const stopFirst = new AbortController()
    const stopSecond = new AbortController()
    const first = putAll(backendOf(), [part('a')], stopFirst.signal)
    const second = putAll(backendOf(), [part('b')], stopSecond.signal)
    stopSecond.abort()
    expect(await second).toMatchObject([{ error: { code: 'ABORTED' } }])
    stopFirst.abort()
    expect(await first).toMatchObject([{ error: { code: 'ABORTED' } }])
  })

  test('as unavailable after a few tries', async () => {
    hub.faults.add({ path: /\/commit\//, kind: { status: 500 } })
    expect(await putAll(backendOf(), [part('a')])).toMatchObject([
      { ok: false, error: { code: 'UNAVAILABLE', retryable: true } },
    ])
    expect(sent('POST', /\/commit\//)).toBe(5)
  })

  test('with advice and without the token, when the token is wrong', async () => {
    const token = 'hf_thisIsWrongAndSecret'
    const [result] = await putAll(backendOf({ token }), [part('a')])
    expect(result).toMatchObject({ ok: false, error: { code: 'UNAUTHORIZED', retryable: false } })
    const { message } = (result as { error: BackendError }).error
    expect(message).toContain('make one with the role "write"')
    expect(message).not.toContain('Secret')
    expect(() => backendOf({ token: 'sk-secret' })).toThrow(/must begin with "hf_"/)
    expect(() => backendOf({ token: 'sk-secret' })).not.toThrow(/secret/)
    expect(() => backendOf({ repository: 'nameonly' })).toThrow(/namespace\/name/)
  })

  test('in a namespace of somebody else, and without a token', async () => {
    expect(await putAll(backendOf({ token: 'hf_bob' }), [part('a')])).toMatchObject([
      { error: { code: 'FORBIDDEN', retryable: false } },
    ])
    const { token: _, ...anonymous } = { repository: 'alice/data', token: '', hubUrl: hub.url, create: true }
    expect(await putAll(createHuggingFaceBackend(anonymous), [part('a')])).toMatchObject([
      { error: { code: 'UNAUTHORIZED' } },
    ])
  })

  test('one by one, when the hub does not want one of its paths', async () => {
    await putAll(backendOf(), [objectOf('taken', 'a file')])
    const names = ['a', 'b', 'c', 'd', 'e'].map((name) => objectOf(`new/${name}`, name))
    const results = await putAll(backendOf(), [...names, objectOf('taken/below', 'a file')])
    expect(
      results
        .filter((result) => result.ok)
        .map((result) => result.key)
        .sort(),
    ).toEqual(names.map(({ key }) => key))
    expect(results.find((result) => !result.ok)).toMatchObject({ key: 'taken/below', error: { code: 'PROTOCOL' } })
    expect(await putAll(backendOf(), [objectOf('README.md', 'x')])).toMatchObject([{ error: { code: 'BAD_KEY' } }])
  })

  test('by the caller in the middle of an upload', async () => {
    await putAll(backendOf(), [part('first')])
    hub.faults.add({ method: 'PUT', kind: 'stall' })
    const stop = new AbortController()
    const watch = setInterval(() => sent('PUT', /lfs/) > 1 && stop.abort(), 10)
    const results = await putAll(backendOf(), [part('a'), part('b')], stop.signal)
    clearInterval(watch)
    expect(results).toMatchObject([{ error: { code: 'ABORTED' } }, { error: { code: 'ABORTED' } }])
    hub.faults.clear()
    expect(await commitCount()).toBe(2)
  })
})

describe('commits', () => {
  test('hold 100 files, follow one another, and are not made for what is there', async () => {
    const many = Array.from({ length: 130 }, (_, i) => objectOf(`many/${i}.txt`, `${i}`))
    const others = [part('x'), part('y')]
    const [first, second] = await Promise.all([putAll(backendOf(), many), putAll(backendOf(), others)])
    expect([...first, ...second].every((result) => result.ok)).toBe(true)
    expect(await commitCount()).toBe(4)
    const steps = requests
      .filter((request) => /preupload|\/commit\//.test(request.path))
      .map((request) => request.path.split('/')[5])
    const made = steps.slice(steps.lastIndexOf('preupload', steps.indexOf('commit')))
    expect(made).toEqual(['preupload', 'commit', 'preupload', 'commit', 'preupload', 'commit'])
    expect((await putAll(backendOf(), [...many, ...others])).every((result) => result.ok)).toBe(true)
    expect(await commitCount()).toBe(4)
    await backendOf().delete(['many/1.txt', 'many/2.txt', 'd/x.parquet', 'never'])
    expect(await commitCount()).toBe(5)
    expect(await listAll(backendOf(), '')).toHaveLength(129)
  })

  test('of two writers with the same files both succeed', async () => {
    const objects = [part('a'), part('b')]
    // Another hub address keeps the second one out of the queue of the first, as another process would be.
    const other = backendOf({ hubUrl: hub.url.replace('127.0.0.1', 'localhost') })
    await putAll(backendOf(), [part('first')])
    const both = await Promise.all([putAll(backendOf(), objects), putAll(other, objects)])
    expect(both.flat().every((result) => result.ok)).toBe(true)
  })

  test('a lost answer to a deletion is no failure', async () => {
    await putAll(backendOf(), [part('a')])
    hub.faults.add({ path: /\/commit\//, times: 1, kind: 'lost-reply' })
    await backendOf().delete(['d/a.parquet'])
    expect(await commitCount()).toBe(3)
  })
})

describe('reading', () => {
  test('needs no token where the repository is public', async () => {
    const object = part('a')
    await putAll(backendOf(), [object])
    const reader = createHuggingFaceBackend({ repository: 'alice/data', hubUrl: hub.url })
    expect(await reader.stat(object.key)).toEqual({ key: object.key, bytes: 2000, sha256: object.sha256 })
    expect((await listAll(reader, 'd/')).map(({ key }) => key)).toEqual([object.key])
    const absent = createHuggingFaceBackend({ repository: 'alice/absent', hubUrl: hub.url })
    expect(await codeOf(absent.stat('x'))).toBe('NOT_FOUND')
    expect(await codeOf(absent.open('x'))).toBe('NOT_FOUND')
    expect(await codeOf(listAll(absent, ''))).toBe('NOT_FOUND')
    expect(await listAll(backendOf({ repository: 'alice/absent' }), '')).toEqual([])
  })

  test('resolves once for many ranges, and again when the link is dead', async () => {
    const object = part('a')
    const backend = backendOf()
    await putAll(backend, [object])
    for (let at = 0; at < 5; at += 1) expect(await readKey(backend, object.key, at, at)).toHaveLength(1)
    expect(sent('GET', /resolve/)).toBe(1)
    hub.faults.add({ path: /\/object\//, times: 1, kind: { status: 403 } })
    expect(await readKey(backend, object.key, 0, 9)).toHaveLength(10)
    expect(sent('GET', /resolve/)).toBe(2)
    expect(requests.filter((request) => request.origin === 'cdn' && request.authorized)).toEqual([])
  })

  test('lists all or fails, and reports an outage as one', async () => {
    await putAll(
      backendOf(),
      Array.from({ length: 50 }, (_, i) => objectOf(`many/${i}.txt`, `${i}`)),
    )
    const pages = sent('GET', /tree/)
    expect(await listAll(backendOf(), 'many/')).toHaveLength(50)
    expect(sent('GET', /tree/) - pages).toBe(3)
    hub.faults.add({ path: /tree/, kind: { status: 502 } })
    const seen: unknown[] = []
    const error = await errorOf(
      (async () => {
        for await (const object of backendOf().list('many/')) seen.push(object)
      })(),
    )
    expect([error.code, error.retryable, seen]).toEqual(['UNAVAILABLE', true, []])
    const gone = createHuggingFaceBackend({ repository: 'a/b', hubUrl: 'http://127.0.0.1:1', sleep: async () => {} })
    expect(await codeOf(gone.stat('x'))).toBe('UNAVAILABLE')
  })

  test('knows the namespace of a token from one question', async () => {
    const options = { token: 'hf_alice', hubUrl: hub.url }
    expect(await Promise.all([huggingFaceNamespace(options), huggingFaceNamespace(options)])).toEqual([
      'alice',
      'alice',
    ])
    expect(await huggingFaceNamespace(options)).toBe('alice')
    expect(sent('GET', /whoami/)).toBe(1)
    expect(await codeOf(huggingFaceNamespace({ ...options, token: 'hf_wrong' }))).toBe('UNAUTHORIZED')
  })
})
