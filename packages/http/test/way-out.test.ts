// Agents and fetch against real servers: directly, and through a proxy that alone knows names in `.test`.
import { once } from 'node:events'
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import { createServer as createSecureServer, request as httpsRequest } from 'node:https'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type LookupFunction,
  type Server,
  type Socket,
} from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type ConnectProxy, type ConnectProxyOptions, loopbackCertificate, startConnectProxy } from '@sluice/dev-faults'
import { afterEach, describe, expect, test } from 'vitest'
import { createFetch } from '../src/fetch.ts'
import { type AgentLimits, connectionFault, createAgents, proxiesFrom, type WayOutOptions } from '../src/index.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** Counts connections, and those whose TLS session was known. */
async function serve(isSecure: boolean, listener: RequestListener = (_, response) => void response.end('hello')) {
  const server = isSecure ? createSecureServer(loopbackCertificate, listener) : createServer(listener)
  const seen = { connections: 0, resumed: 0 }
  server.on(isSecure ? 'secureConnection' : 'connection', (socket: TLSSocket) => {
    seen.connections++
    if (isSecure && socket.isSessionReused()) seen.resumed++
  })
  const port = await listen(server)
  ends.push(() => server.closeAllConnections())
  const url = (host: string): string => `${isSecure ? 'https' : 'http'}://${host}:${port}/`
  return { url, seen, port }
}

async function proxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const started = await startConnectProxy(options)
  ends.push(() => started.close())
  return started
}

type Get = (url: string) => Promise<string>
const withAgents = (options: WayOutOptions & AgentLimits): Get => {
  const agents = createAgents({ ca: loopbackCertificate.cert, ...options })
  ends.push(() => agents.close())
  return (url) =>
    new Promise((resolve, reject) => {
      const isSecure = url.startsWith('https:')
      const asked = (isSecure ? httpsRequest : httpRequest)(url, {
        agent: isSecure ? agents.https : agents.http,
        timeout: 5000,
      })
      asked.on('error', reject).on('response', (reply) => {
        let text = ''
        reply.on('data', (data: Buffer) => (text += data.toString())).on('end', () => resolve(text))
      })
      asked.end()
    })
}
const withFetch = (options: WayOutOptions): Get => {
  const fetch = createFetch({ ca: loopbackCertificate.cert, ...options })
  return async (url) => await (await fetch(url)).text()
}
const clients: [name: string, make: (options: WayOutOptions) => Get][] = [
  ['agents', withAgents],
  ['fetch', withFetch],
]
const failure = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => null,
    (error: unknown) => error,
  )

describe.each(clients)('%s', (name, make) => {
  test.each([true, false])(
    'through a proxy, TLS %s: one tunnel carries one request after the other',
    async (isSecure) => {
      const server = await serve(isSecure)
      const { url, tunnels } = await proxy()
      const get = make({ proxies: proxiesFrom({ all_proxy: url }) })
      for (let n = 0; n < 3; n++) expect(await get(server.url('store.test'))).toBe('hello')
      // undici may open a second one before it knows that the first is free again.
      expect(tunnels.length).toBeLessThanOrEqual(name === 'fetch' ? 2 : 1)
      expect(tunnels[0]).toEqual({ target: `store.test:${server.port}`, status: 200 })
      expect(server.seen.connections).toBe(tunnels.length)
    },
  )
  test('a proxy that speaks TLS', async () => {
    const server = await serve(false)
    const { url, tunnels } = await proxy({ tls: loopbackCertificate })
    const get = make({ proxies: proxiesFrom({ all_proxy: url }) })
    // Its certificate is nobody's business but the system's: not one of `ca`.
    const fault = connectionFault(await failure(get(server.url('store.test'))))
    expect(fault).toMatchObject({ kind: 'proxy', text: expect.stringMatching(/SELF_SIGNED/) })
    expect(tunnels).toEqual([])
  })
  test('what NO_PROXY names is reached directly', async () => {
    const server = await serve(false)
    const { url, tunnels } = await proxy()
    const get = make({ proxies: proxiesFrom({ all_proxy: url, no_proxy: '127.0.0.0/8' }) })
    expect(await get(server.url('127.0.0.1'))).toBe('hello')
    expect(tunnels).toEqual([])
    expect(await get(server.url('localhost'))).toBe('hello')
    expect(tunnels).toHaveLength(1)
  })
  test('user and password', async () => {
    const server = await serve(true)
    const { url, urlWith, tunnels } = await proxy({ login: { user: 'me', password: 'pass:word' } })
    expect(
      await make({ proxies: proxiesFrom({ all_proxy: urlWith('me', 'pass:word') }) })(server.url('store.test')),
    ).toBe('hello')
    for (const wrong of [url, urlWith('me', 'another')]) {
      const error = await failure(make({ proxies: proxiesFrom({ all_proxy: wrong }) })(server.url('store.test')))
      const fault = connectionFault(error)
      expect(fault).toMatchObject({ kind: 'proxy', retryable: false })
      expect(fault.text).toContain(url)
      expect(fault.text).not.toMatch(/another|pass:word/)
    }
    expect(tunnels.map(({ status }) => status)).toEqual([200, 407, 407])
    expect(server.seen.connections).toBe(1)
  })
  test.each([
    [403, false],
    [502, true],
  ])('a proxy that answers %i', async (refuseWith, retryable) => {
    const { url } = await proxy({ refuseWith })
    const fault = connectionFault(
      await failure(make({ proxies: proxiesFrom({ all_proxy: url }) })('https://store.test/')),
    )
    expect(fault).toMatchObject({ kind: 'proxy', retryable })
    expect(fault.text).toContain(`HTTP ${refuseWith}`)
    expect(fault.text).toContain('store.test:443')
  })
  test('a proxy that is not there, one that hangs up, one that is none, one that talks too soon', async () => {
    const raw = async (answer: string | null): Promise<string> =>
      `http://127.0.0.1:${await listen(createTcpServer((socket) => void socket.on('error', () => undefined).once('data', () => socket.end(answer ?? ''))))}`
    const places = [
      'http://127.0.0.1:9',
      await raw(null),
      await raw('this is no HTTP\r\n\r\n'),
      await raw('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'),
    ]
    for (const place of places) {
      const error = await failure(make({ proxies: proxiesFrom({ all_proxy: place }) })('http://store.test/'))
      const fault = connectionFault(error)
      expect(fault).toMatchObject({ kind: 'proxy', retryable: true })
      expect(fault.text).toContain(place)
    }
  })
  test('a name that must be looked at goes to the proxy as the address that was looked at', async () => {
    const server = await serve(true)
    const { url, tunnels } = await proxy()
    const lookup: LookupFunction = (hostname, options, done) => {
      if (hostname === 'bad.test') done(Object.assign(new Error('not public'), { code: 'UNTRUSTED' }), '')
      else if (hostname !== 'store.test') done(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), '')
      else if (options.all === true)
        done(null, [
          { address: '::1', family: 6 },
          { address: '127.0.0.1', family: 4 },
        ])
      else done(null, '127.0.0.1', 4)
    }
    const byName = (hostname: string): boolean => hostname === 'pinned.test'
    const get = make({ proxies: proxiesFrom({ all_proxy: url }), lookup, byName })
    expect(await get(server.url('store.test'))).toBe('hello')
    expect(await get(server.url('pinned.test'))).toBe('hello')
    expect(tunnels.map(({ target }) => target)).toEqual([`127.0.0.1:${server.port}`, `pinned.test:${server.port}`])
    const refused = await failure(get(server.url('bad.test')))
    expect(
      [refused, (refused as Error).cause].map((error) => (error as { code?: string } | undefined)?.code),
    ).toContain('UNTRUSTED')
    const unknown = connectionFault(await failure(get(server.url('other.test'))))
    expect(unknown.text).toMatch(/other\.test.*SLUICE_PINNED_HOSTS/)
    expect(tunnels).toHaveLength(2)
  })
  test.each(['directly', 'through a proxy'])('TLS sessions are taken up again %s', async (way) => {
    const server = await serve(
      true,
      (_, response) => void response.writeHead(200, { connection: 'close' }).end('hello'),
    )
    const { url } = await proxy()
    const get = make(way === 'directly' ? {} : { proxies: proxiesFrom({ all_proxy: url }) })
    for (let n = 0; n < 4; n++) expect(await get(server.url('localhost'))).toBe('hello')
    expect(server.seen).toEqual({ connections: 4, resumed: 3 })
  })
  test('an untrusted certificate, and https to a plain port', async () => {
    const secure = await serve(true)
    const plain = await serve(false)
    const { url } = await proxy()
    for (const options of [{}, { proxies: proxiesFrom({ all_proxy: url }) }]) {
      const get = make({ ...options, ca: undefined })
      const untrusted = connectionFault(await failure(get(secure.url('localhost'))))
      expect(untrusted).toMatchObject({
        kind: 'tls',
        retryable: false,
        text: expect.stringMatching(/SELF_SIGNED.*NODE_EXTRA_CA_CERTS/),
      })
      const foreign = connectionFault(await failure(get(plain.url('localhost').replace('http:', 'https:'))))
      expect(foreign).toMatchObject({ kind: 'tls', retryable: false })
    }
  })
  test('a proxy that does not answer is given up', async () => {
    const deaf = await listen(createTcpServer((socket) => void ends.push(() => socket.destroy())))
    const get = make({ proxies: proxiesFrom({ all_proxy: `127.0.0.1:${deaf}` }), connectMs: 100 })
    const fault = connectionFault(await failure(get('http://store.test/')))
    expect(fault).toMatchObject({ kind: 'proxy', retryable: true, text: expect.stringMatching(/0\.1 s/) })
  })
})

describe('idle connections of agents', () => {
  async function lines(answer: (socket: Socket) => void): Promise<{ url: string; seen: { closed: number } }> {
    const seen = { closed: 0 }
    const server = createTcpServer((socket) => {
      ends.push(() => socket.destroy())
      socket.on('error', () => undefined).on('close', () => seen.closed++)
      socket.on('data', () => answer(socket))
    })
    return { url: `http://127.0.0.1:${await listen(server)}/`, seen }
  }
  const reply = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
  test('are closed after their time, or that of the server', async () => {
    const usual = await lines((socket) => socket.write(reply))
    await withAgents({ idleMs: 50 })(usual.url)
    await expect.poll(() => usual.seen.closed).toBe(1)
    const told = await lines((socket) => socket.write(reply.replace('content', 'keep-alive: timeout=1\r\ncontent')))
    await withAgents({})(told.url)
    await expect.poll(() => told.seen.closed, { timeout: 5000 }).toBe(1)
  })
  test('are closed when something comes that nobody asked for', async () => {
    const { url, seen } = await lines((socket) => {
      socket.write(reply)
      setTimeout(() => socket.write(reply.replace('ok', 'no')), 20)
    })
    const get = withAgents({})
    expect(await get(url)).toBe('ok')
    await expect.poll(() => seen.closed).toBe(1)
    expect(await get(url)).toBe('ok')
  })
})
