import { once } from 'node:events'
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { WireFaultKind } from '@sluice/dev-faults'
import { type FaultProxy, startFaultProxy, type WireExchange } from '@sluice/dev-faults'
import { presignQuery, queryText, sha256, signHeaders } from './signer.ts'
import { type Answer, element, exchange, useTarget } from './target.ts'

const target = useTarget()
let proxy: FaultProxy
let seen: WireExchange[] = []

beforeAll(async () => {
  proxy = await startFaultProxy({ target: target.current.url, onExchange: (exchange) => seen.push(exchange) })
})
afterAll(() => proxy.close())
afterEach(() => {
  proxy.faults.clear()
  proxy.faults.follow(null)
  seen = []
})

/** Signed for the address of the proxy, as a client does that knows no other. */
function link(method: string, key: string, query: Record<string, string> = {}): string {
  const path = `/${target.current.bucket}/${key}`
  const headers = { host: new URL(proxy.url).host }
  const call = { method, path, query, headers, payload: 'UNSIGNED-PAYLOAD' }
  return `${path}?${queryText(presignQuery(call, target.current.signing, 600))}`
}
const put = (key: string, body: string | Uint8Array = 'hello'): Promise<Answer> =>
  exchange(proxy.url, 'PUT', link('PUT', key), {}, body)
const get = (key: string): Promise<Answer> => exchange(proxy.url, 'GET', link('GET', key), {})
const once1 = (kind: WireFaultKind, method?: string): void =>
  void proxy.faults.add({ kind, times: 1, ...(method === undefined ? {} : { method }) })
const failure = /ECONNRESET|EPIPE|socket hang up|aborted/

describe('signatures survive', () => {
  test('in the query', async () => {
    expect((await put('query')).status).toBe(200)
    expect((await get('query')).text).toBe('hello')
  })
  test('in headers, with a hashed payload', async () => {
    const path = `/${target.current.bucket}/header`
    const headers = { host: new URL(proxy.url).host }
    const signed = signHeaders(
      { method: 'PUT', path, query: {}, headers, payload: sha256('abc') },
      target.current.signing,
    )
    expect((await exchange(proxy.url, 'PUT', path, signed.headers, 'abc')).status).toBe(200)
    expect((await exchange(proxy.url, 'PUT', path, signed.headers, 'abd')).status).toBe(400)
  })
  test('a link signed for another host is refused', async () => {
    const path = `/${target.current.bucket}/host`
    const call = { method: 'PUT', path, query: {}, headers: { host: 'example.org' }, payload: 'UNSIGNED-PAYLOAD' }
    const query = queryText(presignQuery(call, target.current.signing, 600))
    expect((await exchange(proxy.url, 'PUT', `${path}?${query}`, {}, 'x')).code).toBe('SignatureDoesNotMatch')
  })
})

describe('nothing is done', () => {
  test.each([
    [{ status: 500 }, 500, 'InternalError'],
    [{ status: 503, retryAfterSeconds: 3 }, 503, 'SlowDown'],
    ['expired', 403, 'AccessDenied'],
    ['refused-in-200', 200, 'InternalError'],
  ] as const)('%j', async (kind, status, code) => {
    once1(kind)
    const answer = await put('undone')
    expect([answer.status, answer.code]).toEqual([status, code])
    expect(answer.headers['retry-after']).toBe(
      typeof kind === 'object' && 'retryAfterSeconds' in kind ? '3' : undefined,
    )
    expect((await get('undone')).status).toBe(404)
  })
  test('an early refusal does not wait for the body', async () => {
    once1({ status: 503, early: true })
    const { hostname, port } = new URL(proxy.url)
    const headers = { 'content-length': 10_000_000 }
    const sent = httpRequest({ hostname, port, method: 'PUT', path: link('PUT', 'early'), headers, agent: false })
    sent.on('error', () => undefined)
    sent.flushHeaders()
    const [reply] = (await once(sent, 'response')) as [{ statusCode: number; headers: Record<string, string> }]
    expect([reply.statusCode, reply.headers['connection']]).toEqual([503, 'close'])
    sent.destroy()
  })
  test('reset', async () => {
    once1('reset')
    await expect(put('undone')).rejects.toThrow(failure)
    expect((await get('undone')).status).toBe(404)
  })
  test('cut after n bytes of the request', async () => {
    once1({ cutRequestAfter: 1_000_000 })
    await expect(put('undone', Buffer.alloc(4_000_000))).rejects.toThrow(failure)
    expect((await get('undone')).status).toBe(404)
  })
  test('a limiter answers 503 above its rate', async () => {
    proxy.faults.add({ kind: { requestsPerSecond: 3 } })
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => get('undone')))
    expect(answers.map(({ status }) => String(status)).sort()).toEqual(['404', '404', '404', '503', '503', '503'])
  })
})

describe('the work is done', () => {
  test('lost reply', async () => {
    once1('lost-reply')
    await expect(put('lost')).rejects.toThrow(failure)
    expect((await get('lost')).text).toBe('hello')
  })
  test('error in 200', async () => {
    once1('error-in-200')
    const answer = await put('done')
    expect([answer.status, answer.code]).toEqual([200, 'InternalError'])
    expect((await get('done')).text).toBe('hello')
  })
  test('wrong ETag', async () => {
    once1('wrong-etag')
    const { etag } = (await put('tagged')).headers
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/)
    expect((await put('tagged')).headers['etag']).not.toBe(etag)
  })
  test('a reply cut or ended after n bytes', async () => {
    await put('big', Buffer.alloc(3_000_000, 7))
    once1({ cutReplyAfter: 1_000_000 })
    await expect(get('big')).rejects.toThrow(failure)
    once1({ endReplyAfter: 1_000_000 })
    await expect(get('big')).rejects.toThrow(failure)
    expect((await get('big')).body.equals(Buffer.alloc(3_000_000, 7))).toBe(true)
  })
  test('slow and late, but whole', async () => {
    proxy.faults.add({ times: 2, kind: { bytesPerSecond: 4_000_000 } })
    const body = Buffer.alloc(600_000, 3)
    const started = performance.now()
    expect((await put('slow', body)).status).toBe(200)
    expect((await get('slow')).body.equals(body)).toBe(true)
    once1({ delayMs: 100 })
    expect((await get('slow')).body.equals(body)).toBe(true)
    expect(performance.now() - started).toBeGreaterThan(200)
  })
  test('a reply twice on one connection', async () => {
    await put('twice', 'original')
    const { hostname, port } = new URL(proxy.url)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const sockets = new Set<Socket>()
    const read = async (): Promise<void> => {
      const sent = httpRequest({ hostname, port, path: link('GET', 'twice'), agent }).end()
      sent.once('socket', (socket) => sockets.add(socket))
      const [reply] = (await once(sent, 'response')) as [IncomingMessage]
      await once(reply.resume(), 'end')
    }
    await read()
    const [socket] = sockets
    const single = socket?.bytesRead ?? 0
    once1('duplicate-reply', 'GET')
    await read()
    await expect.poll(() => (socket?.bytesRead ?? 0) / single).toBeGreaterThan(2.9)
    expect(sockets.size).toBe(1)
    agent.destroy()
  })
})

describe('silence', () => {
  /** Sends and waits until the proxy is through with it; then hangs up. */
  async function hang(kind: WireFaultKind, method: string, key: string, bytes: number): Promise<boolean> {
    once1(kind, method)
    const { hostname, port } = new URL(proxy.url)
    const headers = { 'content-length': bytes }
    const sent = httpRequest({ hostname, port, method, path: link(method, key), headers, agent: false })
    let ended = false
    sent.on('error', () => undefined)
    sent.on('response', (reply) => reply.resume().on('end', () => (ended = true)))
    sent.end(Buffer.alloc(bytes))
    while (!seen.some(({ fault }) => fault === kind)) await get('tick')
    for (let turn = 0; turn < 5; turn++) await get('tick')
    sent.destroy()
    return ended
  }
  test('stall: read, not forwarded, not answered', async () => {
    expect(await hang('stall', 'PUT', 'stall', 100_000)).toBe(false)
    expect((await get('stall')).status).toBe(404)
  })
  test('mute: forwarded, not answered', async () => {
    expect(await hang('mute', 'PUT', 'mute', 100_000)).toBe(false)
    expect((await get('mute')).body.length).toBe(100_000)
  })
  test('the request stops on its way', async () => {
    expect(await hang({ stallRequestAfter: 50_000 }, 'PUT', 'half', 100_000)).toBe(false)
    expect((await get('half')).status).toBe(404)
  })
  test('the reply stops on its way', async () => {
    await put('long', Buffer.alloc(100_000))
    expect(await hang({ stallReplyAfter: 50_000 }, 'GET', 'long', 0)).toBe(false)
  })
})

test('a request can be reached by method, path and count, and reports say what happened', async () => {
  proxy.faults.add({ method: 'PUT', path: /counted/, after: 1, times: 1, kind: { status: 500 } })
  const statuses = []
  for (let turn = 0; turn < 3; turn++) statuses.push((await put('counted')).status)
  expect(statuses).toEqual([200, 500, 200])
  expect((await get('counted')).status).toBe(200)
  expect(seen.map(({ method, status }) => [method, status])).toEqual([
    ['PUT', 200],
    ['PUT', 500],
    ['PUT', 200],
    ['GET', 200],
  ])
})

test('multipart passes: parts, listing, completion', async () => {
  const path = 'parts'
  const created = await exchange(proxy.url, 'POST', link('POST', path, { uploads: '' }), {})
  const uploadId = element(created, 'UploadId')
  const part = link('PUT', path, { partNumber: '1', uploadId })
  const { etag } = (await exchange(proxy.url, 'PUT', part, {}, Buffer.alloc(6_000_000, 1))).headers
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
  expect((await exchange(proxy.url, 'POST', link('POST', path, { uploadId }), {}, body)).status).toBe(200)
  expect((await get(path)).body.length).toBe(6_000_000)
})
