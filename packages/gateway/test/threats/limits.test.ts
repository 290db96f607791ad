/** T10 to T12: how much one client may ask for. docs/threats.md says how each was proven. */
import { createSigner } from '@sluice/signing'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { createLambdaHandler } from '../../src/http/lambda-handler.ts'
import { defaultLimits } from '../../src/limits.ts'
import { planParts } from '../../src/part-limits.ts'
import { parseBody } from '../../src/strict-json.ts'
import { BASE, content, miner, openScene, other, type Scene } from '../scene.ts'

const MiB = 1024 * 1024
let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(async () => await scene[Symbol.asyncDispose]())

const init = { key: 'a', bytes: 6 * MiB, part_size: 5 * MiB }

describe('T10 and T12 sizes', () => {
  test('a body is counted, not believed', async () => {
    const raw = new Uint8Array(defaultLimits.bodyBytes + 1)
    const { json } = await scene
      .as(miner)
      .send('POST', '/uploads/list', undefined, { raw, headers: { 'content-length': '10' } })
    expect(json.error?.code).toBe('TOO_LARGE')
    const lambda = createLambdaHandler(async () => scene.gateway)
    const event = {
      rawPath: '/uploads/list',
      headers: { 'Content-Length': '10' },
      requestContext: { http: { method: 'POST' } },
    }
    expect((await lambda({ ...event, body: 'x'.repeat(raw.length) })).statusCode).toBe(413)
    const body = Buffer.alloc(raw.length + 8).toString('base64')
    expect((await lambda({ ...event, body, isBase64Encoded: true })).statusCode).toBe(413)
  })

  test('a body that nobody has signed is read once, whatever is in it', async () => {
    for (const text of [
      `"${String.raw`\"`.repeat(MiB - 8)}`,
      `{"${'\\\n'.repeat(500_000)}`,
      '['.repeat(2 * MiB),
      `${'['.repeat(MiB)}${']'.repeat(MiB)}`,
    ]) {
      expect(() => parseBody(new TextEncoder().encode(text))).toThrow(GatewayError)
    }
    expect(parseBody(new TextEncoder().encode(String.raw`{"\"a\\":"b\"","c":["\\"]}`))).toEqual({
      '"a\\': 'b"',
      c: ['\\'],
    })
  })

  test('parts are planned by arithmetic, whatever the numbers', async () => {
    for (const more of [
      { bytes: 1e15 },
      { bytes: 1e18 },
      { bytes: -1 },
      { bytes: 0.5 },
      { bytes: 5e12, part_size: 5 * MiB },
      { part_size: 6e9 },
      { part_size: 0 },
      { part_size: 1000 },
    ]) {
      expect(['TOO_LARGE', 'BAD_REQUEST']).toContain(
        await scene.codeOf(miner, 'POST', '/uploads/multipart/init', { ...init, ...more }),
      )
    }
    fc.assert(
      fc.property(fc.option(fc.maxSafeNat()), fc.integer({ min: 1, max: 2 ** 40 }), (bytes, partSize) => {
        try {
          const count = planParts(bytes, partSize, defaultLimits)
          expect(count >= 1 && count <= 10_000).toBe(true)
          if (bytes !== null) expect(count * partSize).toBeGreaterThanOrEqual(bytes)
        } catch (error) {
          expect(GatewayError.is(error)).toBe(true)
        }
      }),
    )
    const parts = Array.from({ length: 101 }, () => ({ part_number: 1, bytes: 1 }))
    expect(await scene.codeOf(miner, 'POST', '/uploads/multipart/part-url', { upload_id: 'x', key: 'a', parts })).toBe(
      'TOO_LARGE',
    )
  })

  test('open uploads and their bytes are bounded per hotkey', async () => {
    await using scene = await openScene({ limits: { openUploads: 2, openBytes: 20 * MiB } })
    const open = async (hotkey: typeof miner, bytes: number): Promise<number> =>
      (await scene.as(hotkey).send('POST', '/uploads/multipart/init', { ...init, bytes })).status
    expect([
      await open(miner, 15 * MiB),
      await open(miner, 6 * MiB),
      await open(miner, 5 * MiB),
      await open(miner, 1),
    ]).toEqual([200, 429, 200, 429])
    expect(await open(other, 15 * MiB)).toBe(200)
    // What was refused left nothing behind in the store.
    expect((await scene.store.uploads('data/', null)).uploads).toHaveLength(3)
  })
})

describe('T12 uploads that say no size', () => {
  const GiB = 1024 * MiB

  test('are bounded below the largest object, where an honest stream still fits', () => {
    expect(planParts(null, 16 * MiB, defaultLimits)).toBe(10_000)
    expect(planParts(null, 5 * GiB, defaultLimits)).toBe(32)
    expect(planParts(5 * 1024 * GiB, 5 * GiB, defaultLimits)).toBe(1024)
  })

  test.each(['native', 'knowlio'])('reserve what they may take: %s', async (api) => {
    await using scene = await openScene({ adapters: ['knowlio'], limits: { openBytes: 400 * GiB } })
    const open = async (key: string): Promise<number> => {
      const [target, body] =
        api === 'native'
          ? ['/uploads/multipart/init', { key, bytes: null, part_size: 5 * GiB }]
          : ['/api/uploads/multipart/init', { key }]
      return (await scene.as(miner).send('POST', target, body)).status
    }
    expect([await open('a'), await open('b'), await open('c')]).toEqual([200, 200, 429])
    const known = { ...init, bytes: 100 * GiB, part_size: GiB }
    expect(await scene.codeOf(miner, 'POST', '/uploads/multipart/init', known)).toBe('TOO_MANY')
    expect(await scene.codeOf(miner, 'POST', '/uploads/multipart/init', { ...known, bytes: 70 * GiB })).toBe(200)
  })
})

describe('T12 the largest object', () => {
  test('holds for one PUT, and for parts of an unknown size', async () => {
    await using scene = await openScene({ limits: { objectBytes: 6 * MiB } })
    const status = async (target: string, body: object): Promise<number> =>
      (await scene.as(miner).send('POST', target, body)).status
    expect([
      await status('/uploads/url', { key: 'a', bytes: 6 * MiB }),
      await status('/uploads/url', { key: 'a', bytes: 6 * MiB + 1 }),
      await status('/uploads/multipart/init', { ...init, bytes: null, part_size: 6 * MiB }),
      await status('/uploads/multipart/init', { ...init, bytes: null, part_size: 6 * MiB + 1 }),
    ]).toEqual([200, 413, 200, 413])
  })

  test('holds for a PUT without a size, which the store would take up to its own limit', async () => {
    const status = async (objectBytes: number): Promise<string | number> => {
      await using scene = await openScene({ adapters: ['knowlio'], limits: { objectBytes } })
      return await scene.codeOf(miner, 'POST', '/api/uploads/url', { key: 'a' })
    }
    expect([await status(defaultLimits.putBytes - 1), await status(defaultLimits.putBytes)]).toEqual(['TOO_LARGE', 200])
  })

  test('holds for clients that never say a size', async () => {
    await using scene = await openScene({ adapters: ['knowlio'], limits: { objectBytes: 6 * MiB } })
    const client = scene.as(miner)
    const post = async (route: string, body: object): Promise<Awaited<ReturnType<typeof client.send>>> =>
      await client.send('POST', `/api/uploads/multipart/${route}`, { key: 'k', ...body })
    const { upload_id } = (await post('init', {})).json
    const send = async (bytes: number): Promise<Awaited<ReturnType<typeof post>>> => {
      const { json } = await post('part-url', { upload_id, part_number: 1 })
      const sent = await fetch(json['url'] as string, { method: 'PUT', body: content(bytes) })
      return await post('complete', { upload_id, parts: [{ PartNumber: 1, ETag: sent.headers.get('etag') }] })
    }
    expect((await send(6 * MiB + 1)).json.error?.code).toBe('TOO_LARGE')
    expect(await scene.store.head(`data/hotkey=${miner.address}/k`)).toBeNull()
    expect((await send(6 * MiB)).status).toBe(200)
  })
})

describe('T11 floods', () => {
  test('an address is stopped before anything is computed, and a victim’s name in a header costs the victim nothing', async () => {
    let verified = 0
    await using scene = await openScene({
      limits: { perAddress: { burst: 5, perSecond: 1 }, perHotkey: { burst: 5, perSecond: 1 } },
      verifySignature: () => (verified++, false),
    })
    const attempt = async (address: string): Promise<number> =>
      (await scene.as(miner).send('POST', '/uploads/list', {}, { address })).status
    const statuses = []
    for (let n = 0; n < 20; n++) statuses.push(await attempt('203.0.113.9'))
    expect(statuses.filter((status) => status === 401)).toHaveLength(5)
    expect(statuses.filter((status) => status === 429)).toHaveLength(15)
    expect(verified).toBe(10) // plain and in <Bytes>
    expect(await attempt('198.51.100.1')).toBe(401)
  })

  test('a hotkey is slowed down after its signature held', async () => {
    await using scene = await openScene({ limits: { perHotkey: { burst: 3, perSecond: 1 } } })
    const statuses = []
    for (let n = 0; n < 5; n++)
      statuses.push((await scene.as(miner).send('POST', '/uploads/list', {}, { address: `192.0.2.${n}` })).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    expect((await scene.as(other).send('POST', '/uploads/list', {})).status).toBe(200)
  })

  test('a captured request, sent again and again, takes nothing from its signer', async () => {
    await using scene = await openScene({ limits: { perHotkey: { burst: 2, perSecond: 0.001 } } })
    const body = new TextEncoder().encode('{}')
    const url = `${BASE}/uploads/list`
    const headers = await createSigner({ hotkey: miner }).authorize({ method: 'POST', url, body })
    const request = { method: 'POST', target: '/uploads/list', headers, body, address: '203.0.113.9' }
    for (let n = 0; n < 10; n++) await scene.gateway.handle(request)
    expect((await scene.as(miner).send('POST', '/uploads/list', {})).status).toBe(200)
  })
})
