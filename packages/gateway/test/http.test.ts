import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { createSigner } from '@sluice/signing'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientAddress } from '../src/http/client-address.ts'
import { createPublicUrls } from '../src/http/public-url.ts'
import { createLambdaHandler } from '../src/http/lambda-handler.ts'
import { type NodeServer, serve } from '../src/http/node-server.ts'
import { miner, openScene, read, type Scene } from './scene.ts'

let scene: Scene
let server: NodeServer
let base: string
beforeAll(async () => {
  // The public URL differs from where the server listens, as behind a proxy.
  scene = await openScene({
    publicUrls: ['https://gw.example.com/storage', 'http://localhost:1'],
    corsOrigins: ['https://app.example.com'],
  })
  server = await serve({ app: scene.gateway, host: '127.0.0.1', port: 0, trustedProxies: 0 })
  base = `http://127.0.0.1:${server.port}`
})
afterAll(async () => {
  await server.close()
  await scene[Symbol.asyncDispose]()
})

const body = new TextEncoder().encode('{}')
const headersFor = async (url: string): Promise<Record<string, string>> =>
  await createSigner({ hotkey: miner }).authorize({ method: 'POST', url, body })

describe('behind a proxy', () => {
  test.each([
    ['with the path of the public URL', '/storage/uploads/list'],
    ['with that path cut off', '/uploads/list'],
  ])('the signed URL is the public one, %s', async (_how, target) => {
    const headers = await headersFor('https://gw.example.com/storage/uploads/list')
    const reply = await fetch(base + target, { method: 'POST', headers, body })
    expect([reply.status, await reply.json()]).toEqual([200, { objects: [], next: null }])
  })

  test('several public URLs, chosen by the Host header', () => {
    const urls = createPublicUrls(['https://a.example/x/', 'https://b.example'])
    expect(urls.signedUrl('B.example', '/uploads/list?q')).toBe('https://b.example/uploads/list?q')
    expect(urls.signedUrl('a.example', '/x/uploads/list')).toBe('https://a.example/x/uploads/list')
    expect(urls.signedUrl('evil.example', '/uploads/list')).toBe('https://a.example/x/uploads/list')
    expect(urls.route('/x/uploads/list?q')).toEqual({ path: '/uploads/list', query: 'q' })
    expect(urls.route('/xy')).toEqual({ path: '/xy', query: '' })
  })

  test('a client’s address is what one’s own proxies saw, not what it claims', () => {
    expect(clientAddress('10.0.0.1', '1.2.3.4, 5.6.7.8', 0)).toBe('10.0.0.1')
    expect(clientAddress('10.0.0.1', '1.2.3.4, 5.6.7.8', 1)).toBe('5.6.7.8')
    expect(clientAddress('10.0.0.1', '5.6.7.8', 2)).toBe('10.0.0.1')
    expect(clientAddress('::ffff:10.0.0.1', undefined, 1)).toBe('10.0.0.1')
    expect(clientAddress('2001:DB8:0:1:2:3:4:5', undefined, 0)).toBe('2001:db8:0:1::/64')
    expect(clientAddress('2001:db8::5', undefined, 0)).toBe('2001:db8:0:0::/64')
  })

  test.each([
    ['203.0.113.7:51034', '203.0.113.7'],
    ['[2001:db8::1]:443', '2001:db8:0:0::/64'],
    ['[2001:db8::1]', '2001:db8:0:0::/64'],
    ['"[2001:db8::1]:4711"', '2001:db8:0:0::/64'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['2001:db8::1%eth0', '2001:db8:0:0::/64'],
    // What is no address would be a client of its own with each new text.
    ['unknown', '10.0.0.1'],
    ['', '10.0.0.1'],
    ['1.2.3', '10.0.0.1'],
    ['0x7f.1', '10.0.0.1'],
    ['1.2.3.4:5:6', '10.0.0.1'],
    ['_hidden:80', '10.0.0.1'],
  ])('%s in X-Forwarded-For counts as %s', (claimed, counted) => {
    expect(clientAddress('10.0.0.1', `9.9.9.9, ${claimed}`, 1)).toBe(counted)
  })

  test('ports never make two clients of one', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV4(),
          fc.ipV6().map((ip) => `[${ip}]`),
        ),
        fc.nat(65_535),
        (ip, port) => {
          const bare = ip.replace(/[[\]]/g, '')
          expect(clientAddress('10.0.0.1', `${ip}:${port}`, 1)).toBe(clientAddress(bare, undefined, 0))
        },
      ),
    )
  })
})

describe('the socket', () => {
  test('a body that grows beyond its limit is cut off, whatever was announced', async () => {
    const sent = await new Promise<number>((resolve) => {
      const request = httpRequest(
        `${base}/uploads/list`,
        { method: 'POST', headers: { 'transfer-encoding': 'chunked' } },
        (reply) => {
          resolve(reply.statusCode ?? 0)
          request.destroy()
        },
      )
      request.on('error', () => undefined)
      const chunk = Buffer.alloc(65_536)
      for (let n = 0; n < 8; n++) request.write(chunk)
    })
    expect(sent).toBe(413)
    const announced = await fetch(`${base}/uploads/list`, { method: 'POST', body: new Uint8Array(300_000) })
    expect(announced.status).toBe(413)
  })

  test('garbage does not hurt', async () => {
    const reply = await new Promise<string>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write('\u0000\u0001 nonsense\r\n\r\n'))
      let text = ''
      socket.on('data', (chunk) => (text += chunk.toString()))
      socket.on('close', () => resolve(text))
    })
    expect(reply).toContain('400')
    expect((await fetch(`${base}/healthz`)).status).toBe(200)
  })

  test('a stop lets running requests end and takes no new ones', async () => {
    const own = await serve({
      app: {
        handle: async () =>
          await new Promise((resolve) => setTimeout(() => resolve({ status: 200, headers: {}, body: 'late' }), 100)),
        maxBody: () => 10,
      },
      host: '127.0.0.1',
      port: 0,
      trustedProxies: 0,
    })
    const running = fetch(`http://127.0.0.1:${own.port}/x`).then(async (reply) => await reply.text())
    await new Promise((resolve) => setTimeout(resolve, 30))
    const started = Date.now()
    const closing = own.close()
    expect(await running).toBe('late')
    await closing
    // Far from the 15 s after which it would have cut the connection.
    expect(Date.now() - started).toBeLessThan(10_000)
    await expect(fetch(`http://127.0.0.1:${own.port}/x`)).rejects.toThrow()
  })
})

describe('browsers', () => {
  test('a preflight of a known origin is answered, and replies show what a page needs', async () => {
    const ask = async (origin: string): Promise<Response> =>
      await fetch(`${base}/uploads/url`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
    const good = await ask('https://app.example.com')
    expect(good.status).toBe(204)
    expect(good.headers.get('access-control-allow-headers')).toContain('signature-input')
    expect((await ask('https://evil.example.com')).headers.get('access-control-allow-origin')).toBeNull()
    const reply = await fetch(`${base}/uploads/list`, {
      method: 'POST',
      headers: { origin: 'https://app.example.com' },
      body: '{}',
    })
    expect(reply.status).toBe(401)
    expect(reply.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect(reply.headers.get('access-control-expose-headers')).toContain('date')
    expect(reply.headers.get('access-control-expose-headers')).toContain('etag')
  })
})

describe('Lambda', () => {
  test('the same app, with text and base64 bodies', async () => {
    const lambda = createLambdaHandler(async () => scene.gateway)
    for (const isBase64Encoded of [false, true]) {
      const headers = await headersFor('https://gw.example.com/storage/uploads/list')
      const reply = await lambda({
        rawPath: '/uploads/list',
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value])),
        body: isBase64Encoded ? Buffer.from(body).toString('base64') : '{}',
        isBase64Encoded,
        requestContext: { http: { method: 'POST', sourceIp: '192.0.2.9' } },
      })
      expect([reply.statusCode, JSON.parse(reply.body)]).toEqual([200, { objects: [], next: null }])
    }
    expect((await lambda({ requestContext: { http: { method: 'GET' } } })).statusCode).toBe(404)
  })

  test('addresses of one IPv6 network count as one', async () => {
    await using scene = await openScene({ limits: { perAddress: { burst: 2, perSecond: 0.001 } } })
    const lambda = createLambdaHandler(async () => scene.gateway)
    const ask = async (sourceIp: string): Promise<number> => {
      const event = { rawPath: '/uploads/list', body: '{}', requestContext: { http: { method: 'POST', sourceIp } } }
      return (await lambda(event)).statusCode
    }
    const replies = [await ask('2001:db8::1'), await ask('2001:DB8:0:0:ffff::2'), await ask('2001:db8::3')]
    expect([...replies, await ask('2001:db8:0:1::1')]).toEqual([401, 401, 429, 401])
  })
})

describe('for operators', () => {
  const get = async (target: string): Promise<ReturnType<typeof read>> =>
    read(await scene.gateway.handle({ method: 'GET', target, headers: {}, body: new Uint8Array(0), address: 'x' }))

  test('health and metrics', async () => {
    expect((await get('/healthz')).json).toEqual({ ok: true, state: 'up', chain: 'fresh', block: 100 })
    scene.subnet.stale = true
    expect(await get('/healthz')).toMatchObject({ status: 200, json: { ok: false, chain: 'stale' } })
    scene.subnet.stale = false
    const { body, headers } = await get('/metrics')
    expect(headers['content-type']).toContain('text/plain')
    expect(body).toMatch(/sluice_gateway_requests_total\{route="POST \/uploads\/list",status="200"\} [1-9]/)
    expect(body).toContain('sluice_gateway_chain_age_seconds 1')
    expect(body).toMatch(/sluice_gateway_verify_seconds_count [1-9]/)
  })

  test('the OpenAPI document has every route with its schemas', async () => {
    const { json } = await get('/openapi.json')
    const { paths, servers } = json as unknown as {
      paths: Record<
        string,
        Record<string, { responses: object; requestBody?: object; parameters?: { name: string }[] }>
      >
      servers: object[]
    }
    expect(servers[0]).toEqual({ url: 'https://gw.example.com/storage' })
    expect(Object.keys(paths).sort()).toEqual([
      '/healthz',
      '/metrics',
      '/openapi.json',
      '/reads/list',
      '/reads/urls',
      '/uploads/delete',
      '/uploads/download/{key}',
      '/uploads/list',
      '/uploads/multipart/abort',
      '/uploads/multipart/complete',
      '/uploads/multipart/init',
      '/uploads/multipart/list',
      '/uploads/multipart/part-url',
      '/uploads/multipart/parts',
      '/uploads/stat/{key}',
      '/uploads/url',
    ])
    expect(JSON.stringify(paths['/uploads/multipart/init']?.['post']?.requestBody)).toContain('part_size')
    expect(paths['/uploads/multipart/parts']?.['get']?.parameters?.map(({ name }) => name)).toEqual([
      'upload_id',
      'key',
      'after',
    ])
    expect(Object.keys(paths['/uploads/multipart/abort']?.['delete']?.responses ?? {})).toEqual(['204', 'default'])
  })

  test('unknown routes and methods are 404', async () => {
    for (const target of [
      '/',
      '/uploads',
      '/uploads/url',
      '/uploads/stat/',
      '/uploads/stat/*x'.slice(0, 14),
      '//uploads/list',
    ]) {
      expect((await get(target)).json.error?.code).toBe('NO_SUCH_ROUTE')
    }
  })
})
