import { randomBytes } from 'node:crypto'
import {
  createFetchSend,
  createMemoryJournal,
  createTransfer,
  createWasmHashing,
  fromBlob,
  fromBytes,
  gzip,
  type Hashing,
  type Transfer,
  type TransferOptions,
} from '@sluice/transfer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openGateway } from '../src/client/index.ts'
import { listUploads } from '../src/index.ts'
import { hotkey, startGateway, type TestGateway } from './gateway.ts'
import { MIB, sha256Of, useStore } from './store.ts'

const store = useStore()
let gateway: TestGateway
let hashing: Hashing
beforeAll(async () => {
  gateway = await startGateway(store.current.sessions)
  hashing = await createWasmHashing()
})
afterAll(async () => await gateway.close())

const data = randomBytes(33 * MIB + 9)
const quick = { baseMs: 2, capMs: 30 }
const partSize = 5 * MIB
const expires_at = '2040-01-01T00:00:00Z'
const opened = { upload_id: 'u', key: 'k', part_size: partSize, max_parts: 10_000, expires_at }

/** As a browser does it: the gateway signs, `fetch` sends, WebAssembly hashes. */
function browser(more: Partial<TransferOptions> = {}): Transfer {
  gateway.intercept = null
  gateway.requests.length = 0
  const { sessions } = openGateway({ url: `${gateway.url}/`, hotkey })
  const options = { sessions, send: createFetchSend(), hashing, compress: { gzip }, retry: quick, partSize }
  return createTransfer({ ...options, ...more })
}

describe('through the gateway', () => {
  test('in parts, with pages of parts and of signatures', async () => {
    const result = await browser().upload(fromBlob(new Blob([data])), { key: 'gw/parts' })
    expect(result).toMatchObject({ sha256: sha256Of(data), parts: 7, proof: 'crc32' })
    expect((await store.current.object('gw/parts')).sha256).toBe(sha256Of(data))
    expect(gateway.requests).not.toContain('GET /uploads/multipart/parts')
  })
  test('one PUT, of nothing, and compressed', async () => {
    const transfer = browser()
    const metadata = { who: 'me' }
    await transfer.upload(fromBytes(data.subarray(0, 1000)), { key: 'gw/ö ne', metadata, contentType: 'text/plain' })
    expect((await store.current.object('gw/ö ne')).metadata).toEqual({
      who: 'me',
      sha256: sha256Of(data.subarray(0, 1000)),
    })
    expect(await transfer.upload(fromBytes(new Uint8Array(0)), { key: 'gw/empty' })).toMatchObject({ bytes: 0 })
    const compressed = await transfer.upload(fromBytes(new Uint8Array(20 * MIB)), { key: 'gw/gzip', compress: 'gzip' })
    expect(compressed.storedBytes).toBeLessThan(MIB)
    expect(await store.current.object('gw/gzip')).toMatchObject({ encoding: 'gzip' })
    await expect(transfer.upload(fromBytes(data), { key: 'gw/zstd', compress: 'zstd' })).rejects.toThrow(/zstd/)
  })
  test('resumes over all pages of parts, lists and aborts', async () => {
    const transfer = browser({ journal: createMemoryJournal(), concurrency: 1 })
    const stop = new AbortController()
    let seen = 0
    const onEvent = (event: { type: string }): void => {
      if (event.type === 'part' && ++seen === 5) stop.abort()
    }
    const first = transfer.upload(fromBytes(data), { key: 'gw/resumed', signal: stop.signal, onEvent })
    await expect(first).rejects.toMatchObject({ code: 'ABORTED', resumable: true })
    expect(await transfer.list('gw/res')).toMatchObject([{ key: 'gw/resumed', onServer: true, source: 'bytes' }])
    const second = await transfer.upload(fromBytes(data), { key: 'gw/resumed' })
    expect(second.partsKept).toBeGreaterThanOrEqual(5)
    expect(gateway.requests.filter((line) => line === 'GET /uploads/multipart/parts').length).toBeGreaterThan(1)
    expect(await transfer.list('gw/res')).toEqual([])
    await transfer.abort({ uploadId: 'gone', key: 'gw/resumed' })
  })
})

describe('when the gateway refuses', () => {
  test.each([
    [401, 'BAD_SIGNATURE', 'UNAUTHORIZED'],
    [401, 'EXPIRED', 'CLOCK_SKEW'],
    [403, 'NOT_REGISTERED', 'FORBIDDEN'],
    [403, 'NOT_IN_COHORT', 'FORBIDDEN'],
    [413, 'TOO_LARGE', 'TOO_LARGE'],
    [422, 'BAD_REQUEST', 'PROTOCOL'],
    [429, 'TOO_MANY', 'THROTTLED'],
    [503, 'CHAIN_STALE', 'UNAVAILABLE'],
    [500, 'SOMETHING_NEW', 'UNAVAILABLE'],
  ])('%i %s is %s', async (status, code, expected) => {
    const transfer = browser({ retry: { attempts: 2, baseMs: 1, capMs: 1 } })
    gateway.intercept = () => ({ status, body: { error: { code, message: 'evil\u0007\nmessage' } } })
    const error = await transfer.upload(fromBytes(data), { key: 'k' }).then(
      () => null,
      (caught: unknown) => caught,
    )
    expect(error).toMatchObject({ name: 'TransferError', code: expected })
    expect(String(error)).toMatch(/evil message/)
  })
  test('its Date tells how far the clock is off: signed anew, once', async () => {
    const { ask, now } = openGateway({ url: gateway.url, hotkey, now: () => 1_000_000 })
    gateway.requests.length = 0
    const body = { error: { code: 'EXPIRED', message: '' } }
    gateway.intercept = () => ({ status: 401, body, headers: { date: 'Sat, 01 Jan 2028 00:00:00 GMT' } })
    const question = { what: 'look', query: { prefix: '' }, signal: undefined }
    await expect(ask(listUploads, question)).rejects.toMatchObject({ code: 'CLOCK_SKEW' })
    expect(gateway.requests).toHaveLength(2)
    expect(now()).toBe(Date.UTC(2028, 0, 1))
  })
  test('a clock that is a month slow is set right by the first refusal', async () => {
    gateway.intercept = null
    const month = 30 * 86_400_000
    const { sessions, now } = openGateway({ url: gateway.url, hotkey, now: () => Date.now() - month })
    expect(await sessions.stat('gw/none')).toBeNull()
    expect(Math.abs(now() - Date.now())).toBeLessThan(5000)
  })
  test('it is asked again, after the wait it wants', async () => {
    const waits: number[] = []
    const sleep = async (ms: number): Promise<void> => void waits.push(ms)
    const transfer = browser({ retry: { ...quick, sleep } })
    let left = 2
    const busy = { status: 503, body: { error: { code: 'CHAIN_STALE', message: '', retry_after: 7 } } }
    gateway.intercept = () => (left-- > 0 ? busy : null)
    await transfer.upload(fromBytes(data.subarray(0, 10)), { key: 'gw/busy' })
    expect(waits).toEqual([7000, 7000])
  })
  test.each([
    ['no JSON', 'nonsense'],
    ['a part size of nothing', { ...opened, part_size: 0 }],
    ['no upload id', { ...opened, upload_id: undefined }],
    ['no time', { ...opened, expires_at: 'soon' }],
  ])('%s is a protocol error', async (_, body) => {
    const transfer = browser()
    gateway.intercept = () => ({ status: 200, body })
    await expect(transfer.upload(fromBytes(data), { key: 'k' })).rejects.toMatchObject({
      code: 'PROTOCOL',
      retryable: false,
    })
  })
  test('URLs of other parts than were asked for are not used', async () => {
    const transfer = browser()
    const part = { part_number: 99, url: 'http://127.0.0.1:9/', headers: {}, expires_at }
    gateway.intercept = (line) => (line.endsWith('part-url') ? { status: 200, body: { parts: [part] } } : null)
    await expect(transfer.upload(fromBytes(data), { key: 'gw/mixed' })).rejects.toMatchObject({ code: 'PROTOCOL' })
    expect(await store.current.openUploads()).toBe(0)
  })
})
