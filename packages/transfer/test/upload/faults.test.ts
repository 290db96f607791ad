import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type FaultProxy, startFaultProxy } from '@sluice/dev-faults'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { fromBytes, fromStream, type TransferEvent, type TransferOptions } from '../../src/index.ts'
import { fromPath, type NodeTransfer } from '../../src/node/index.ts'
import { proofOfObject } from '../../src/upload/complete.ts'
import { bytesOf, chunked, MIB, sha256, useFolder, useStore, watch } from '../store.ts'

const store = useStore()
const folder = useFolder()
let proxy: FaultProxy
beforeAll(async () => {
  proxy = await startFaultProxy({ target: store.current.endpoint })
})
afterAll(() => proxy.close())
afterEach(() => proxy.faults.clear())
/** A transfer whose every request goes through the proxy. */
const through = (more: Partial<TransferOptions> & { readonly journalFile?: string } = {}): NodeTransfer =>
  store.current.transfer({ sessions: store.current.sessions(proxy.url), ...more })
const data = bytesOf(27 * MIB + 5, 2)
const hash = sha256(data)
const partSize = 5 * MIB
const faults = () => proxy.faults
const PART = /partNumber=/
const COMPLETE = /\?uploadId=[^&]*$/
const none = { bytes: null, checksum: 'crc32' } as const
const short = { partSize, stallMs: 400, callMs: 600, completeMs: 600 }

describe('ends right', () => {
  test.each<[string, () => void]>([
    [
      '503 SlowDown on some parts',
      () => void faults().add({ path: PART, times: 4, kind: { status: 503, code: 'SlowDown' } }),
    ],
    [
      '503 with Retry-After',
      () => void faults().add({ path: PART, times: 1, kind: { status: 503, retryAfterSeconds: 1 } }),
    ],
    ['429', () => void faults().add({ path: PART, times: 3, kind: { status: 429 } })],
    [
      '500 InternalError',
      () => void faults().add({ path: PART, times: 5, kind: { status: 500, code: 'InternalError' } }),
    ],
    [
      '403 of an expired URL',
      () => void faults().add({ path: PART, times: 2, kind: { status: 403, code: 'AccessDenied' } }),
    ],
    ['a connection reset before the request', () => void faults().add({ path: PART, times: 3, kind: 'reset' })],
    [
      'a connection cut in the middle',
      () => void faults().add({ path: PART, times: 3, kind: { cutRequestAfter: 3 * MIB } }),
    ],
    ['parts that are never answered', () => void faults().add({ path: PART, times: 2, kind: 'stall' })],
    ['replies to parts that come twice', () => void faults().add({ path: PART, times: 3, kind: 'duplicate-reply' })],
    ['replies to parts that are cut', () => void faults().add({ path: PART, times: 3, kind: { cutReplyAfter: 0 } })],
    [
      'a part that stops in the middle',
      () => void faults().add({ path: PART, times: 1, kind: { stallRequestAfter: MIB } }),
    ],
    ['a slow line', () => void faults().add({ path: PART, times: 2, kind: { bytesPerSecond: 8 * MIB } })],
    [
      '503 before the part was read',
      () => void faults().add({ path: PART, times: 3, kind: { status: 503, early: true } }),
    ],
    [
      'ETags of parts that the server never gave',
      () => void faults().add({ path: PART, times: 2, kind: 'wrong-etag' }),
    ],
    ['replies to parts that are lost', () => void faults().add({ path: PART, times: 3, kind: 'lost-reply' })],
    [
      'Create that fails',
      () => void faults().add({ method: 'POST', path: /\?uploads/, times: 2, kind: { status: 500 } }),
    ],
    [
      'Create that is never answered',
      () => void faults().add({ method: 'POST', path: /\?uploads/, times: 1, kind: 'stall' }),
    ],
    [
      'Create that is done, its reply lost',
      () => void faults().add({ method: 'POST', path: /\?uploads/, times: 3, kind: 'lost-reply' }),
    ],
    [
      'Complete that is never answered',
      () => void faults().add({ method: 'POST', path: COMPLETE, times: 1, kind: 'stall' }),
    ],
    [
      'Complete with a 200 that is an error',
      () => void faults().add({ method: 'POST', path: COMPLETE, times: 1, kind: 'refused-in-200' }),
    ],
    [
      'Complete that is done, with a 200 that is an error',
      () => void faults().add({ method: 'POST', path: COMPLETE, times: 1, kind: 'error-in-200' }),
    ],
    [
      'Complete that is done, its reply lost',
      () => void faults().add({ method: 'POST', path: COMPLETE, times: 1, kind: 'lost-reply' }),
    ],
    [
      'Complete that is throttled',
      () => void faults().add({ method: 'POST', path: COMPLETE, times: 2, kind: { status: 503, code: 'SlowDown' } }),
    ],
    ['a HEAD that fails', () => void faults().add({ method: 'HEAD', times: 2, kind: { status: 500 } })],
  ])('%s', async (name, spoil) => {
    spoil()
    const key = `faults/${name}`
    const { events, onEvent } = watch()
    const result = await through(short).upload(fromBytes(data), { key, onEvent })
    expect(result).toMatchObject({ sha256: hash, parts: 6, proof: 'crc32' })
    expect((await store.current.object(key)).sha256).toBe(hash)
    expect(events.filter(({ type }) => type === 'retry')).toHaveLength(result.retries)
    expect(await store.current.openUploads()).toBe(0)
  })
  test('a store that takes ten requests per second, with few refusals', async () => {
    const many = bytesOf(5 * MIB * 24, 3)
    faults().add({ path: PART, kind: { requestsPerSecond: 10 } })
    const transfer = through({ partSize, retry: {} })
    const result = await transfer.upload(fromBytes(many), { key: 'limited' })
    expect(result).toMatchObject({ sha256: sha256(many), parts: 24 })
    expect(result.retries).toBeLessThan(24)
  })
  test('parts that are read while they are sent are read again', async () => {
    const path = join(folder.path, 'plain.bin')
    await writeFile(path, data)
    for (const kind of [
      { status: 503 },
      'reset',
      { cutRequestAfter: 3 * MIB },
      'stall',
      'lost-reply',
      'wrong-etag',
    ] as const)
      faults().add({ path: PART, times: 1, kind })
    const transfer = through({ ...short, checksum: 'none', sha256: false })
    const result = await transfer.upload(fromPath(path), { key: 'plain' })
    expect(result).toMatchObject({ bytes: data.length, parts: 6, sha256: null })
    expect(result.retries).toBeGreaterThanOrEqual(5)
    expect((await store.current.object('plain')).sha256).toBe(hash)
    expect(await store.current.openUploads()).toBe(0)
  })
  test('one PUT: fails, is cut, stalls, loses its reply', async () => {
    const kinds = [{ status: 500 }, 'reset', 'stall', 'lost-reply'] as const
    for (const kind of kinds) faults().add({ method: 'PUT', times: 1, kind })
    const result = await through(short).upload(fromBytes(data.subarray(0, MIB)), { key: 'single' })
    // What was reset on a kept connection is sent again without a word.
    expect(result).toMatchObject({ retries: 3, sha256: sha256(data.subarray(0, MIB)) })
  })
  test('a store that calls a missing upload a missing key', async () => {
    const sessions = store.current.sessions(proxy.url)
    const gone = { key: 'gone', uploadId: (await sessions.open({ ...short, ...none, key: 'gone' })).uploadId }
    await sessions.abort(gone)
    faults().add({ path: /uploadId/, kind: { status: 404, code: 'NoSuchKey' } })
    await sessions.abort(gone)
    await expect(sessions.parts(gone)).rejects.toMatchObject({ code: 'NO_SUCH_UPLOAD' })
    await expect(sessions.complete(gone, [])).rejects.toMatchObject({ code: 'NO_SUCH_UPLOAD' })
  })
  test.each(['whole', 'whole-1', 'parts-1'])('the checksum of an object of one part is %s', (crc32) => {
    const common = { bytes: 5, etag: 'e', metadata: {}, contentEncoding: null }
    const expected = { bytes: 5, crc32: 'whole', crc32OfParts: 'parts-1', etag: null, sha256: null, parts: 1 }
    expect(proofOfObject({ ...common, crc32 }, expected)).toBe('crc32')
    expect(proofOfObject({ ...common, crc32: 'other-1' }, expected)).toBeNull()
    expect(proofOfObject({ ...common, crc32: 'whole-1' }, { ...expected, parts: 2 })).toBeNull()
  })
  test('an upload that vanished on the server starts again by itself', async () => {
    const transfer = through({ partSize, concurrency: 1 })
    let aborted = false
    const onEvent = (event: { type: string }): void => {
      if (event.type !== 'part' || aborted) return
      aborted = true
      void (async () => {
        for (const open of await transfer.list('vanishing')) await transfer.abort(open)
      })()
    }
    const result = await transfer.upload(fromBytes(data), { key: 'vanishing', onEvent })
    expect(result.sha256).toBe(hash)
    expect((await store.current.object('vanishing')).sha256).toBe(hash)
    expect(await store.current.openUploads()).toBe(0)
  })
})

describe('ends in a typed error', () => {
  test.each<[string, string, () => void]>([
    ['a store that is down', 'UNAVAILABLE', () => void faults().add({ path: PART, kind: 'reset' })],
    ['parts that always stall', 'TOO_SLOW', () => void faults().add({ path: PART, kind: 'stall' })],
    [
      'a store that always throttles',
      'THROTTLED',
      () => void faults().add({ path: PART, kind: { status: 503, code: 'SlowDown' } }),
    ],
    [
      'no right to write',
      'FORBIDDEN',
      () => void faults().add({ path: PART, kind: { status: 403, code: 'AccessDenied' } }),
    ],
    [
      'a wrong key',
      'UNAUTHORIZED',
      () => void faults().add({ path: PART, kind: { status: 403, code: 'InvalidAccessKeyId' } }),
    ],
    ['no such bucket', 'NOT_FOUND', () => void faults().add({ kind: { status: 404, code: 'NoSuchBucket' } })],
    [
      'a full store',
      'NO_SPACE',
      () => void faults().add({ path: PART, kind: { status: 507, code: 'InsufficientCapacity' } }),
    ],
    [
      'Complete that always stalls',
      'TOO_SLOW',
      () => void faults().add({ method: 'POST', path: COMPLETE, kind: 'stall' }),
    ],
    [
      'Complete that always fails',
      'UNAVAILABLE',
      () => void faults().add({ method: 'POST', path: COMPLETE, kind: 'refused-in-200' }),
    ],
  ])('%s: %s', async (name, code, spoil) => {
    spoil()
    const transfer = through({
      ...short,
      stallMs: 1000,
      completeMs: 1000,
      retry: { attempts: 3, baseMs: 1, capMs: 5 },
    })
    const error = await transfer.upload(fromBytes(data), { key: `typed/${name}` }).then(
      () => null,
      (caught) => caught,
    )
    expect(error).toMatchObject({ name: 'TransferError', code, resumable: false })
    expect(String(error)).not.toMatch(/X-Amz-Signature|devnet-secret-key/)
    faults().clear()
    for (const open of await transfer.list('typed/')) await transfer.abort(open)
    expect(await store.current.openUploads()).toBe(0)
  })
  test.each(['plain', 'gzip'] as const)('a part is refused for good while a stream is silent, %s', async (kind) => {
    faults().add({ path: PART, kind: { status: 507, code: 'InsufficientCapacity' } })
    async function* silent(): AsyncGenerator<Uint8Array, void> {
      yield* chunked(data, MIB)
      await new Promise<never>(() => undefined)
    }
    const more = kind === 'gzip' ? { compress: 'gzip' as const } : {}
    const sent = through(short).upload(fromStream(silent()), { key: `silent-${kind}`, ...more })
    await expect(sent).rejects.toMatchObject({ code: 'NO_SPACE' })
  })
  test('nobody listens', async () => {
    const sessions = store.current.sessions('http://127.0.0.1:9')
    const transfer = through({ sessions, retry: { attempts: 2, baseMs: 1, capMs: 1 } })
    await expect(transfer.upload(fromBytes(data), { key: 'k' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    })
    const single = transfer.upload(fromBytes(data.subarray(0, 10)), { key: 'k' })
    await expect(single).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
  test('a signal during a stalled part, a stalled Complete and a long wait', async () => {
    faults().add({ path: PART, times: 1, kind: 'stall' })
    faults().add({ path: PART, times: 1, kind: { status: 503, retryAfterSeconds: 60 } })
    /** Gives the signal a little after the phase has begun; a transfer of its own, since a 503 holds up all of one. */
    const stoppedIn = async (phase: string): Promise<unknown> => {
      const stop = new AbortController()
      const onEvent = (event: TransferEvent): void => {
        if (event.type === 'progress' && event.phase === phase) setTimeout(() => stop.abort(), 100)
      }
      const transfer = through({ partSize })
      return await transfer.upload(fromBytes(data), { key: 'signal', signal: stop.signal, onEvent })
    }
    await expect(stoppedIn('sending')).rejects.toMatchObject({ code: 'ABORTED' })
    faults().clear()
    faults().add({ method: 'POST', path: COMPLETE, kind: 'stall' })
    await expect(stoppedIn('completing')).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await store.current.openUploads()).toBe(0)
  })
  test('a stream longer than 10,000 parts is told before it is cut', async () => {
    // 10,000 parts of 5 MiB are 48.8 GiB; a known length shows it at once.
    const stream = fromStream(chunked(data, MIB), { bytes: 60 * 1024 * MIB })
    const upload = through({ partSize }).upload(stream, { key: 'long' })
    await expect(upload).rejects.toMatchObject({ code: 'TOO_LARGE' })
  })
})
