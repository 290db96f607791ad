/** T8, T9, T13 to T16: what leaves the gateway. docs/threats.md says how each was proven. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLog, safeText } from '../../src/log.ts'
import { watchSubnet } from '../../src/subnet.ts'
import type { Standing, SubnetView } from '../../src/subnet.ts'
import { content, crc32Base64, miner, openScene, put, type Scene, testSubnet, validator } from '../scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene({ adapters: ['iota', 'data-universe', 'tao-v2', 'knowlio'] })
})
afterAll(async () => await scene[Symbol.asyncDispose]())

interface Signed {
  url: string
  headers: Record<string, string>
}
const urlFor = async (body: object): Promise<Signed> =>
  (await scene.as(miner).send('POST', '/uploads/url', { key: 'a', bytes: 5, ...body })).json as unknown as Signed

describe('T8 a URL does one thing', () => {
  test('this method, key, length, checksum and type, for 15 minutes', async () => {
    const body = content(5)
    const signed = await urlFor({ checksum_crc32: crc32Base64(body), content_type: 'text/plain' })
    const url = new URL(signed.url)
    expect(url.searchParams.get('X-Amz-Expires')).toBe('900')
    expect(url.searchParams.get('X-Amz-SignedHeaders')).toBe(
      'content-length;content-type;host;x-amz-checksum-crc32;x-amz-sdk-checksum-algorithm',
    )
    const status = async (change: Partial<Signed>, bytes = body): Promise<number> =>
      (await put({ ...signed, ...change }, bytes)).status
    expect(await status({}, content(6))).toBe(403)
    expect(await status({}, content(5, 2))).toBe(400)
    expect(await status({ headers: {} })).toBe(403)
    expect(await status({ url: signed.url.replace('/a?', '/b?') })).toBe(403)
    expect(await status({ url: signed.url.replace('Expires=900', 'Expires=9000') })).toBe(403)
    expect((await fetch(signed.url)).status).toBe(403)
    expect((await fetch(signed.url, { method: 'DELETE' })).status).toBe(403)
    expect(await status({})).toBe(200)
  })

  test('a part’s URL is bound to upload and number', async () => {
    const init = await scene.as(miner).send('POST', '/uploads/multipart/init', { key: 'p', bytes: 5, part_size: 5 })
    const { upload_id } = init.json as { upload_id: string }
    const ask = { upload_id, key: 'p', parts: [{ part_number: 1, bytes: 5, checksum_crc32: crc32Base64(content(5)) }] }
    const { json } = await scene.as(miner).send('POST', '/uploads/multipart/part-url', ask)
    const [signed] = json['parts'] as Signed[]
    expect(
      (await put({ ...signed!, url: signed!.url.replace('partNumber=1', 'partNumber=2') }, content(5))).status,
    ).toBe(403)
    expect((await put({ ...signed!, url: signed!.url.replace(/&?uploadId=[^&]*/, '') }, content(5))).status).toBe(403)
    expect((await put(signed!, content(5))).status).toBe(200)
  })
})

describe('T9 no checksum of an empty body', () => {
  test('a URL names a checksum only when the client gave one', async () => {
    const plain = await urlFor({})
    expect(plain.url).not.toMatch(/checksum|AAAAAA/i)
    expect(Object.keys(plain.headers)).toEqual(['content-length'])
    expect((await put(plain, content(5))).status).toBe(200)
  })
})

describe('T13 the gateway goes nowhere it is told to', () => {
  test('a store that redirects is not followed', async () => {
    let visited = 0
    const victim = createServer((_request, response) => void (visited++, response.end())).listen(0, '127.0.0.1')
    const store = createServer((_request, response) => {
      response
        .writeHead(307, { location: `http://127.0.0.1:${(victim.address() as AddressInfo).port}/latest/meta-data` })
        .end()
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => setImmediate(resolve))
    const url = `http://127.0.0.1:${(store.address() as AddressInfo).port}`
    await using scene = await openScene({
      s3Place: { url, region: 'us-east-1', accessKeyId: 'a', secretAccessKey: 'b' },
    })
    const reply = await scene.as(miner).send('GET', '/uploads/stat/a')
    expect([reply.status, visited]).toEqual([503, 0])
    victim.close()
    store.close()
  })
})

const standing: Standing = {
  uid: 1,
  validatorPermit: false,
  stake: null,
  mayWrite: true,
  excluded: false,
  reason: 'in',
}
const view = (block: number): SubnetView => ({ block, standings: new Map([[`at-${block}`, standing]]) })

describe('T14 what the chain says', () => {
  test('an older block is not believed, a failing chain keeps the last view, and its age shows', async () => {
    let now = 1_000_000
    let answer: () => SubnetView = () => view(10)
    const warnings: string[] = []
    const watch = watchSubnet({
      read: async () => answer(),
      now: () => now,
      maxAgeMs: 60_000,
      refreshMs: 1e6,
      warn: (text) => warnings.push(text),
    })
    await watch.ready
    expect(watch.current()).toMatchObject({ stale: false, view: { block: 10 } })
    answer = () => view(9)
    await watch.refresh()
    expect(watch.current()?.view.standings.has('at-10')).toBe(true)
    answer = () => {
      throw new Error('chain away')
    }
    now += 60_001
    await watch.refresh()
    expect(watch.current()?.stale).toBe(true)
    // The same block again is no sign of life: finality has stalled.
    answer = () => view(10)
    await watch.refresh()
    expect(watch.current()?.stale).toBe(true)
    answer = () => view(11)
    await watch.refresh()
    expect(watch.current()).toMatchObject({ stale: false, view: { block: 11 } })
    expect(warnings.join()).toMatch(/before the known block.*chain away/s)
    await watch.close()
  })

  test('a view survives a restart, with its age, so that a chain that is away at the start lets nobody write for long', async () => {
    let kept: string | null = null
    const keep = { load: async () => kept, save: async (text: string) => void (kept = text) }
    const first = watchSubnet({ read: async () => view(10), now: () => 1000, keep, refreshMs: 1e6 })
    await first.ready
    await first.close()
    const away = async (): Promise<SubnetView> => await Promise.reject(new Error('away'))
    const second = watchSubnet({ read: away, now: () => 1000 + 700_000, keep, refreshMs: 1e6 })
    await second.ready
    expect(second.current()).toMatchObject({ stale: true, view: { block: 10 } })
    await second.close()
    // Fresh: it serves at once, the chain is read a moment later.
    let reads = 0
    const counted = async (): Promise<SubnetView> => (reads++, await away())
    const soon = watchSubnet({ read: counted, now: () => 2000, keep, refreshMs: 1e6 })
    await soon.ready
    expect([reads, soon.current()]).toMatchObject([0, { stale: false, view: { block: 10 } }])
    await soon.close()
    for (const text of [
      '{"block":',
      '{"block":10,"standings":[]}',
      '{"block":10,"movedAt":1000,"standings":[["a",1]]}',
      '{"block":1e999,"movedAt":1000,"standings":[]}',
    ]) {
      kept = text
      const third = watchSubnet({ read: away, now: () => 1000, keep, refreshMs: 1e6 })
      await third.ready
      expect([text, third.current()]).toEqual([text, null])
      await third.close()
    }
    // Kept by a clock that was ahead: it grows old from now on.
    kept = '{"block":10,"movedAt":9000000000000,"standings":[]}'
    let now = 1000
    const fourth = watchSubnet({ read: away, now: () => now, keep, refreshMs: 1e6 })
    await fourth.ready
    expect(fourth.current()?.stale).toBe(false)
    now += 700_000
    expect(fourth.current()?.stale).toBe(true)
    await fourth.close()
  })
})

describe('T14 a chain that never answers', () => {
  const never = async (): Promise<SubnetView> => await new Promise(() => undefined)

  test('a kept view is served at once however old, and later nobody waits for the chain twice', async () => {
    let now = 5_000_000
    const text = '{"block":10,"movedAt":1000,"standings":[]}'
    const keep = { load: async () => text, save: async () => undefined }
    const watch = watchSubnet({ read: never, now: () => now, keep, refreshMs: 1e6 })
    await watch.ready
    expect(watch.current()).toMatchObject({ stale: true, view: { block: 10 } })
    await watch.freshen(60_000, 5)
    // The try still runs. Waiting for it would take days.
    now += 2 ** 30
    await watch.freshen(60_000, 2 ** 30)
    await watch.close()
  })

  test('after a try that failed nobody waits either, until one succeeds', async () => {
    let answer: typeof never = async () => view(11)
    const watch = watchSubnet({ read: async () => await answer(), now: () => 0, refreshMs: 1e6 })
    await watch.ready
    answer = async () => await Promise.reject(new Error('away'))
    await watch.freshen(-1, 60_000)
    answer = never
    await watch.freshen(-1, 2 ** 30)
    await watch.close()
  })
})

describe('T15 and T16 what is written down', () => {
  test('no log line holds a signature, a presigned query or a key of the store', async () => {
    const lines: string[] = []
    const log = createLog('info', { write: (line: string) => void lines.push(line) })
    await using scene = await openScene({ log, adapters: ['iota'] })
    const client = scene.as(miner)
    const { json } = await client.send('POST', '/uploads/url', { key: 'a', bytes: 5 })
    const secretOf = (text: string): string => new URL(text).searchParams.get('X-Amz-Signature') ?? ''
    const url = json['url'] as string
    await client.send('GET', `/uploads/stat/a?${url.slice(url.indexOf('?') + 1)}`)
    await client.send('POST', '/uploads/delete', { keys: [url] })
    await scene.as(validator).send('POST', '/reads/list', { hotkey: miner.address })
    const signature = Buffer.alloc(64, 7)
    log.warn(
      { error: new Error(`sent ${url}`, { cause: new Error(`0x${signature.toString('hex')}`) }) },
      `bad ${signature.toString('base64')}`,
    )
    log.error(
      { secretAccessKey: 'x', url, text: 'redis://user:password@host' },
      `sluice=:${signature.toString('base64')}:`,
    )
    const all = lines.join('')
    expect(lines.length).toBeGreaterThan(5)
    for (const secret of [
      secretOf(url),
      signature.toString('hex'),
      signature.toString('base64'),
      scene.s3.secretAccessKey,
      'password',
    ]) {
      expect(all).not.toContain(secret)
    }
    expect(all).toContain(miner.address)
  })

  test('remote text cannot write lines of its own or steer a terminal', async () => {
    expect(safeText('a\r\nb\u001b[31m\u202ec\u2028')).toBe('a??b?[31m?c?')
    const { lines } = scene.log
    await scene.as(miner).send('GET', '/uploads/stat/%1b%5b31m')
    await scene.gateway.handle({
      method: 'G\nET',
      target: '/\u001b',
      headers: {},
      body: new Uint8Array(0),
      address: 'x\n',
    })
    // oxlint-disable-next-line no-control-regex
    expect(lines.join('\n')).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })

  test('an error says nothing of the inside', async () => {
    const store = { ...scene.store, head: async () => await Promise.reject(new TypeError('secret at /srv/app.ts:1')) }
    const lines: string[] = []
    const log = createLog('info', { write: (line: string) => void lines.push(line) })
    await using broken = await openScene({ store, subnet: testSubnet(), log })
    const { status, body } = await broken.as(miner).send('GET', '/uploads/stat/a')
    expect(status).toBe(500)
    expect(body).not.toMatch(/secret|srv|TypeError/)
    expect(lines.join()).toContain('secret at')
  })
})
