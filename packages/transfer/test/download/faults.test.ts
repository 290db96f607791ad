import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createFaultScript, type FaultProxy, startFaultProxy, type WireFaultKind } from '@sluice/dev-faults'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createTransfer, fromBytes, type Send, TransferError } from '../../src/index.ts'
import { createHttpSender, createNodeHashing, type NodeTransfer, toPath } from '../../src/node/index.ts'
import { bytesOf, MIB, quick, sha256, useFolder, useStore } from '../store.ts'

const store = useStore()
const folder = useFolder()
const data = bytesOf(11 * MIB + 77)
const partSize = 5 * MIB
/** Ranges of 1.25 MiB. */
const memoryBudget = 10 * MIB
let proxy: FaultProxy
let ranges = 0

beforeAll(async () => {
  const onExchange = ({ method, status }: { method: string; status: number | null }): void => {
    if (method === 'GET' && status === 206) ranges++
  }
  proxy = await startFaultProxy({ target: store.current.endpoint, onExchange })
  await store.current.transfer({ partSize }).upload(fromBytes(data), { key: 'big' })
})
afterAll(() => proxy.close())
afterEach(() => {
  proxy.faults.clear()
  proxy.faults.follow(null)
})

const through = (more = {}): NodeTransfer =>
  store.current.transfer({ sessions: store.current.sessions(proxy.url), memoryBudget, stallMs: 400, ...more })
async function read(transfer: NodeTransfer, key = 'big'): Promise<Buffer> {
  const target = join(folder.path, `out-${Math.random()}`)
  try {
    await transfer.download(key, toPath(target))
    return readFileSync(target)
  } finally {
    rmSync(target, { force: true })
  }
}

describe('on the way', () => {
  test.each<[string, WireFaultKind]>([
    ['reset', 'reset'],
    ['no answer', 'stall'],
    ['the answer gets lost', 'lost-reply'],
    ['the answer comes twice', 'duplicate-reply'],
    ['500', { status: 500 }],
    ['503 with a wait', { status: 503, retryAfterSeconds: 1 }],
    ['429', { status: 429, code: 'TooManyRequests' }],
    ['expired', 'expired'],
    ['cut', { cutReplyAfter: 500_000 }],
    ['ended early', { endReplyAfter: 300_000 }],
    ['stalled', { stallReplyAfter: 700_000 }],
    ['late', { delayMs: 200 }],
    ['slow', { bytesPerSecond: 4 * MIB }],
    ['an error in a 200', 'error-in-200'],
  ])('%s', async (_name, kind) => {
    proxy.faults.add({ method: 'GET', times: 2, kind })
    expect((await read(through())).equals(data)).toBe(true)
  })
  test('what came before a cut is not asked for again', async () => {
    let asked = 0
    const sender = createHttpSender()
    const send: Send = async (request, options) => {
      const [, start, end] = /bytes=(\d+)-(\d+)/.exec(request.headers['range'] ?? '') ?? []
      asked += Number(end) - Number(start) + 1
      return await sender.send(request, options)
    }
    proxy.faults.add({ method: 'GET', times: 3, kind: { endReplyAfter: 1_000_000 } })
    const sessions = store.current.sessions(proxy.url)
    const transfer = createTransfer({ sessions, send, hashing: createNodeHashing(), memoryBudget, retry: quick })
    const target = join(folder.path, 'rest')
    await transfer.download('big', toPath(target))
    expect(sha256(readFileSync(target))).toBe(sha256(data))
    expect(asked).toBe(data.length + 3 * (memoryBudget / 8 - 1_000_000))
    sender.close()
  })
  test('a limiter of ten requests per second slows it down and nothing else', async () => {
    proxy.faults.add({ kind: { requestsPerSecond: 10 } })
    expect((await read(through())).equals(data)).toBe(true)
  })
  test('bandwidth is kept to', async () => {
    const started = performance.now()
    expect((await read(through({ bandwidth: 8 * MIB }))).equals(data)).toBe(true)
    // The first second's worth is free.
    expect(performance.now() - started).toBeGreaterThan(300)
  })
})

describe('for good', () => {
  test('a server that fails always ends it in a typed error, and the next call goes on', async () => {
    proxy.faults.add({ method: 'GET', after: 3, kind: { status: 500 } })
    const target = join(folder.path, 'later')
    const retry = { ...quick, attempts: 3 }
    const ended = through({ retry }).download('big', toPath(target))
    await expect(ended).rejects.toMatchObject({ code: 'UNAVAILABLE', resumable: true })
    expect(existsSync(target)).toBe(false)
    proxy.faults.clear()
    ranges = 0
    const { keptBytes } = await through().download('big', toPath(target))
    expect(keptBytes).toBeGreaterThan(0)
    expect(ranges).toBeLessThan(Math.ceil(data.length / (memoryBudget / 8)))
    expect(readFileSync(target).equals(data)).toBe(true)
  })
  test('a refusal that stays is told as such', async () => {
    proxy.faults.add({ method: 'GET', kind: { status: 403, code: 'AccessDenied', message: 'no' } })
    await expect(read(through())).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
  test('silence ends within the deadlines', async () => {
    proxy.faults.add({ method: 'GET', kind: 'stall' })
    const retry = { ...quick, attempts: 2 }
    await expect(read(through({ retry, stallMs: 200 }))).rejects.toMatchObject({ code: 'TOO_SLOW' })
  })
  test.each([
    ['the range is ignored', (headers: Record<string, string>) => ({ ...headers, range: 'bytes=0-' })],
    ['another range comes', (headers: Record<string, string>) => ({ ...headers, range: 'bytes=5-9' })],
  ])('%s', async (_name, change) => {
    const sender = createHttpSender()
    const send: Send = (request, options) => sender.send({ ...request, headers: change(request.headers) }, options)
    const retry = { ...quick, attempts: 2 }
    const options = { sessions: store.current.sessions(), send, hashing: createNodeHashing(), memoryBudget, retry }
    const ended = createTransfer(options).download('big', toPath(join(folder.path, 'strange')))
    await expect(ended).rejects.toMatchObject({ code: 'PROTOCOL' })
    expect(existsSync(join(folder.path, 'strange'))).toBe(false)
    sender.close()
  })
})

test.each(Array.from({ length: 12 }, (_, seed) => seed + 1))(
  'script %i ends right or in a typed error',
  async (seed) => {
    proxy.faults.follow(createFaultScript(seed, { share: 0.05 * seed, bytes: MIB }))
    const transfer = through({ stallMs: 200, callMs: 500, retry: { ...quick, attempts: 5, maxWaitMs: 1500 } })
    const target = join(folder.path, `script-${seed}`)
    const end = await transfer.download('big', toPath(target)).then(
      () => null,
      (error: unknown) => error,
    )
    if (end === null) expect(readFileSync(target).equals(data)).toBe(true)
    else expect([TransferError.is(end), existsSync(target)]).toEqual([true, false])
    proxy.faults.follow(null)
    await transfer.download('big', toPath(target))
    expect(readFileSync(target).equals(data)).toBe(true)
  },
)
