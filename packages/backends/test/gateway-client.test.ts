import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3'
import { hotkeyFromUri } from '@sluice/chain'
import { createS3Client } from '@sluice/transfer/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGatewayReader } from '../src/bucket/reader.ts'
import { type FakeGateway, startFakeGateway } from './fake-gateway.ts'
import { type GatewayScene, openGatewayScene } from './gateway-scene.ts'
import { codeOf, listAll, objectOf, putAll, readKey, sha256Of } from '../src/port/contract-calls.ts'
import { directBackend, type GatewayOptions, gatewayBackend } from './bucket.ts'

let scene: GatewayScene
let options: GatewayOptions
beforeAll(async () => {
  scene = await openGatewayScene(3)
  options = await scene.options(0)
})
afterAll(() => scene.close())

/** The gateway's own count of requests to one route. */
async function counted(route: string): Promise<number> {
  const text = await (await fetch(`${scene.url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.includes('requests_total') && line.includes(route))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** The number of a part that is in the store, of the one upload that is open. */
async function storedPart(): Promise<number | undefined> {
  const { url: endpoint, region, accessKeyId, secretAccessKey } = scene.devnet.s3
  const client = createS3Client({ region, endpoint, credentials: { accessKeyId, secretAccessKey } })
  const Bucket = scene.devnet.bucket
  const [open] = (await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []
  const { Parts } = await client.send(new ListPartsCommand({ Bucket, Key: open?.Key, UploadId: open?.UploadId }))
  client.destroy()
  return Parts?.[0]?.PartNumber
}

async function deadPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

test.each([-600_000, 600_000, 40 * 86_400_000])(
  'a clock that is %i ms off is corrected by the gateway’s',
  async (skew) => {
    const backend = gatewayBackend({ ...options, now: () => Date.now() + skew })
    const key = `skew/${skew}`
    const results = await putAll(backend, [objectOf(key, 'late or early')])
    expect(results, JSON.stringify(results)).toMatchObject([{ ok: true }])
    expect((await readKey(backend, key))?.toString()).toBe('late or early')
    expect((await listAll(backend, 'skew/')).map((object) => object.key)).toContain(key)
  },
)

test('a gateway that refuses every clock is not asked for ever', async () => {
  const date = new Date(Date.now() + 3_600_000).toUTCString()
  const body = { error: { code: 'EXPIRED', message: 'no clock is right' } }
  const fake = await startFakeGateway(() => ({ status: 401, body, headers: { date } }))
  try {
    expect(await codeOf(gatewayBackend({ ...options, endpoints: [fake.url] }).stat('k'))).toBe('CLOCK_SKEW')
    expect(fake.requests.length).toBe(2)
  } finally {
    await fake.close()
  }
})

test('a dead and a stalled endpoint are passed over, and the working one is kept', async () => {
  const stalled = await startFakeGateway(() => null)
  const broken = await startFakeGateway(() => ({ status: 502 }))
  try {
    const endpoints = [await deadPort(), stalled.url, broken.url, scene.url]
    const backend = gatewayBackend({ ...options, endpoints, deadlineMs: 1500 })
    expect(await putAll(backend, [objectOf('failover/a', 'a')])).toMatchObject([{ ok: true }])
    expect([stalled.requests.length, broken.requests.length]).toEqual([1, 1])
    expect(await putAll(backend, [objectOf('failover/b', 'b')])).toMatchObject([{ ok: true }])
    expect((await readKey(backend, 'failover/b'))?.toString()).toBe('b')
    expect([stalled.requests.length, broken.requests.length]).toEqual([1, 1])
  } finally {
    await Promise.all([stalled.close(), broken.close()])
  }
})

test('when none answers, it is UNAVAILABLE and may be tried later', async () => {
  const stalled = await startFakeGateway(() => null)
  try {
    const backend = gatewayBackend({ ...options, endpoints: [stalled.url, await deadPort()], deadlineMs: 200 })
    const error = await backend.stat('k').catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  } finally {
    await stalled.close()
  }
})

test('a refusal is an answer: no other endpoint is asked, and it says why', async () => {
  await scene.publish({ include: [scene.devnet.miners[0]!.hotkey], rolloutPercentage: 0 })
  const other = await startFakeGateway(() => ({ status: 200 }))
  try {
    const outsider = { ...(await scene.options(1)), endpoints: [scene.url, other.url] }
    const backend = gatewayBackend(outsider)
    const [result] = await putAll(backend, [objectOf('files/smuggled', 'x'), objectOf('files/smuggled2', 'x')])
    expect(result).toMatchObject({ ok: false, error: { code: 'FORBIDDEN', retryable: false } })
    expect(result?.ok === false && result.error.message).toMatch(/NOT_IN_COHORT.*has not moved this hotkey to S3 yet/)
    const stranger = { ...outsider, hotkey: await hotkeyFromUri('//Stranger') }
    const [unknown] = await putAll(gatewayBackend(stranger), [objectOf('files/smuggled', 'x')])
    expect(unknown?.ok === false && unknown.error.message).toContain('NOT_REGISTERED')
    expect(other.requests).toEqual([])
    const { s3, bucket } = scene.devnet
    const owner = directBackend({ bucket, endpoint: s3.url, credentials: s3 })
    expect((await listAll(owner, '')).filter(({ key }) => key.includes('smuggled'))).toEqual([])
  } finally {
    await other.close()
    await scene.publish({})
  }
})

test.each([
  ['CHAIN_STALE', 503],
  ['STORE_UNAVAILABLE', 503],
])('%s is UNAVAILABLE with the wait that is asked for', async (code, status) => {
  const fake = await startFakeGateway(() => ({ status, body: { error: { code, message: 'later', retry_after: 30 } } }))
  try {
    const error = await gatewayBackend({ ...options, endpoints: [fake.url] })
      .stat('k')
      .catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true, retryAfterMs: 30_000 })
  } finally {
    await fake.close()
  }
})

test('a gateway that asks for fewer requests gets its pause', async () => {
  const waits: number[] = []
  const fake: FakeGateway = await startFakeGateway(() =>
    fake.requests.length < 3
      ? { status: 429, body: { error: { code: 'TOO_MANY', message: '', retry_after: 2 } } }
      : { status: 404, body: { error: { code: 'NO_SUCH_KEY', message: '' } } },
  )
  try {
    const sleep = async (ms: number): Promise<void> => void waits.push(ms)
    expect(await gatewayBackend({ ...options, endpoints: [fake.url], sleep }).stat('k')).toBeNull()
    expect(waits).toEqual([2000, 2000])
  } finally {
    await fake.close()
  }
})

test('a listing that repeats itself, goes back or leaves the prefix is not believed', async () => {
  const pages = [
    { objects: [{ key: 'a/1', bytes: 1 }], next: 'a/1' },
    { objects: [{ key: 'b/1', bytes: 1 }], next: null },
    {
      objects: [
        { key: 'a/2', bytes: 1 },
        { key: 'a/1', bytes: 1 },
      ],
      next: null,
    },
  ]
  for (const page of pages) {
    const fake = await startFakeGateway(() => ({ status: 200, body: page }))
    try {
      const backend = gatewayBackend({ ...options, endpoints: [fake.url] })
      expect(await codeOf(listAll(backend, 'a/'))).toBe('PROTOCOL')
    } finally {
      await fake.close()
    }
  }
})

test('with a journal, a later backend goes on with the parts that are there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-gateway-'))
  try {
    const data = Buffer.alloc(23 * 1024 * 1024, 'journal')
    const path = join(folder, 'large')
    await writeFile(path, data)
    const object = { key: 'files/large', bytes: data.length, sha256: sha256Of(data), source: { path } }
    const more = { partBytes: 5 * 1024 * 1024, attempts: 1, journalFile: join(folder, 'journal.sqlite') }
    const { faults } = scene.devnet.s3
    faults?.add({ method: 'PUT', path: /partNumber=5/, kind: { status: 500 } })
    expect(await putAll(gatewayBackend({ ...options, ...more }), [object])).toMatchObject([
      { error: { code: 'UNAVAILABLE', retryable: true } },
    ])
    faults?.clear()
    const again = new RegExp(`partNumber=${await storedPart()}&`)
    faults?.add({ method: 'PUT', path: again, kind: { status: 500 } }) // it is not sent again
    const later = gatewayBackend({ ...options, ...more })
    expect(await putAll(later, [object])).toMatchObject([{ ok: true }])
    expect((await readKey(later, 'files/large'))?.equals(data)).toBe(true)
  } finally {
    scene.devnet.s3.faults?.clear()
    await rm(folder, { recursive: true, force: true })
  }
})

test('a validator reads any miner, asks for URLs in pages and uses them again', async () => {
  const [, second] = scene.devnet.miners
  const backend = gatewayBackend(await scene.options(1))
  const objects = Array.from({ length: 20 }, (_, index) => objectOf(`files/v${index}`, `content ${index}`))
  for (const result of await putAll(backend, objects)) expect(result.ok).toBe(true)
  const hotkey = await hotkeyFromUri('//Bob//hot')
  const reader = createGatewayReader({ endpoints: [scene.url], hotkey, allowPrivateEndpoints: true })
  const before = await counted('/reads/urls')
  const tree = reader.of(second!.hotkey)
  const read = async (key: string, start: number, end: number): Promise<string | undefined> => {
    const opened = await tree.open(key, { start, end })
    return opened === null ? undefined : await new Response(opened.body).text()
  }
  expect(await Promise.all(objects.map(({ key }) => read(key, 8, 20)))).toEqual(objects.map((_, index) => `${index}`))
  expect(await read('files/v3', 0, 6)).toBe('content')
  expect(await counted('/reads/urls')).toBe(before + 1)
  expect(await tree.open('files/none')).toBeNull()
  expect(await codeOf(tree.open('../escape'))).toBe('BAD_KEY')
  expect(await codeOf(tree.open('files/v3', { start: 100, end: 101 }))).toBe('RANGE')
  const miner = createGatewayReader({ ...options, allowPrivateEndpoints: true }).of(second!.hotkey)
  expect(await codeOf(miner.open('files/v1'))).toBe('FORBIDDEN')
})
