import { spawn } from 'node:child_process'
import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { loopbackCertificate, startConnectProxy } from '@sluice/dev-faults'
import { proxiesFrom } from '@sluice/http'
import { afterAll, describe, expect, test } from 'vitest'
import type { Send } from '../src/index.ts'
import { createHttpSender } from '../src/node/index.ts'
import { serve, serveRaw } from './servers.ts'

const sender = createHttpSender()
afterAll(() => sender.close())
const body = Buffer.from('some bytes')
const put = (url: string, more: object = {}, send = sender.send, content: Uint8Array = body): ReturnType<Send> =>
  send({ method: 'PUT', url, headers: {}, body: content }, { stallMs: 10_000, ...more })

/** Whether a test's server has read a whole request. */
const hasAll = (text: string): boolean => text.includes('\r\n\r\n') && text.endsWith(body.toString())
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'

/** Answers each whole request of a connection with what `answer` says to the n-th of all, from 1. */
async function serveTurns(answer: (turn: number) => string): Promise<{ url: string; connections: () => number }> {
  let turns = 0
  let connections = 0
  const url = await serveRaw((socket) => {
    connections++
    let text = ''
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (!hasAll(text)) return
      text = ''
      socket.write(answer(++turns))
    })
  })
  return { url, connections: () => connections }
}

describe('a kept connection', () => {
  test('carries one request after the other, and as many are opened as go at once', async () => {
    const { url, connections } = await serveTurns(() => OK)
    for (let n = 0; n < 3; n++) expect((await put(url)).status).toBe(200)
    expect(connections()).toBe(1)
    await Promise.all([put(url), put(url), put(url)])
    expect(connections()).toBe(3)
    await Promise.all([put(url), put(url), put(url)])
    expect(connections()).toBe(3)
  })
  test('that answers twice is not used again', async () => {
    const { url, connections } = await serveTurns((turn) => (turn === 1 ? OK + OK.replace('200', '500') : OK))
    expect((await put(url)).status).toBe(200)
    expect((await put(url)).status).toBe(200)
    expect(connections()).toBe(2)
  })
  test.each([
    [
      'on which something comes that nobody asked for',
      10_000,
      (socket: Socket) => {
        socket.write(OK)
        setTimeout(() => socket.write(OK.replace('200', '500')), 20)
      },
    ],
    ['that the other side ends', 10_000, (socket: Socket) => void socket.end(OK)],
  ])('%s is closed, and the next request has another one', async (_, stallMs, answer) => {
    let closed = 0
    const url = await serveRaw((socket) => {
      socket.on('close', () => closed++)
      socket.once('data', () => answer(socket))
    })
    expect((await put(url, { stallMs })).status).toBe(200)
    await expect.poll(() => closed).toBe(1)
    expect((await put(url, { stallMs: 5000 })).status).toBe(200)
  })
  test('does not keep a process alive that forgets to close', async () => {
    const url = await serve((request, response) => void request.resume().on('end', () => response.end('held')))
    const program = `
      import { createHttpSender } from '@sluice/transfer/node'
      const request = { method: 'PUT', url: '${url}', headers: {}, body: new Uint8Array(9) }
      console.log((await createHttpSender().send(request, { stallMs: 600_000 })).text)`
    const words = ['--conditions=@sluice/source', '--import', 'tsx', '--input-type=module', '-e', program]
    const child = spawn(process.execPath, words, { cwd: fileURLToPath(new URL('..', import.meta.url)) })
    let output = ''
    child.stdout.on('data', (data: Buffer) => (output += data.toString()))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect([code, output]).toEqual([0, 'held\n'])
  })
})

test('interim replies are passed over', async () => {
  const { url } = await serveTurns(() => `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nlink: </a>\r\n\r\n${OK}`)
  expect((await put(url)).status).toBe(200)
})

test('a reply that ends with the connection is whole, and its connection is not used again', async () => {
  let connections = 0
  const url = await serveRaw((socket) => {
    connections++
    socket.once('data', () => socket.end('HTTP/1.0 503 x\r\n\r\n<Error><Code>SlowDown</Code></Error>'))
  })
  for (let n = 0; n < 2; n++) expect(await put(url)).toMatchObject({ status: 503, text: expect.stringMatching(/Slow/) })
  expect(connections).toBe(2)
})

describe('an early reply', () => {
  const large = new Uint8Array(64 * 1024 * 1024)
  /** Answers the first bytes of a request, and goes on taking more. */
  async function early(reply: string): Promise<{ url: string; got: () => number; isClosed: () => boolean }> {
    let got = 0
    let isClosed = false
    const url = await serveRaw((socket) => {
      socket.on('close', () => (isClosed = true))
      socket.once('data', () => void setTimeout(() => socket.resume(), 100))
      socket.on('data', (data) => {
        if (got === 0) {
          socket.write(reply)
          socket.pause()
        }
        got += data.length
      })
    })
    return { url, got: () => got, isClosed: () => isClosed }
  }
  test('that refuses is taken, and the rest of the body does not go', async () => {
    const { url, got, isClosed } = await early('HTTP/1.1 403 no\r\ncontent-length: 2\r\n\r\nno')
    expect(await put(url, {}, sender.send, large)).toMatchObject({ status: 403, text: 'no' })
    await expect.poll(isClosed).toBe(true)
    expect(got()).toBeLessThan(large.length)
  })
  test('that says it was stored is not believed', async () => {
    const { url } = await early(OK)
    await expect(put(url, {}, sender.send, large)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })
})

test('a connection that hangs up says so; one that was never there, too', async () => {
  const silent = await serveRaw((socket) => void socket.once('data', () => socket.end()))
  await expect(put(silent)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/ECONNRESET/),
  })
  const refused = { code: 'UNAVAILABLE', message: expect.stringMatching(/ECONNREFUSED/) }
  await expect(put('http://127.0.0.1:9/')).rejects.toMatchObject(refused)
})

test('a name is resolved by whom the caller says', async () => {
  const { url } = await serveTurns(() => OK)
  const own = createHttpSender({
    lookup: (name, { all }, done) => {
      if (name !== 'store.test') done(Object.assign(new Error('not this one'), { code: 'EACCES' }), '')
      else if (all === true) done(null, [{ address: '127.0.0.1', family: 4 }])
      else done(null, '127.0.0.1', 4)
    },
  })
  const { port } = new URL(url)
  expect((await put(`http://store.test:${port}/`, {}, own.send)).status).toBe(200)
  await expect(put(`http://other.test:${port}/`, {}, own.send)).rejects.toThrow(/EACCES/)
  own.close()
})

describe('TLS', () => {
  const { cert } = loopbackCertificate
  test('with a certificate that is trusted', async () => {
    const ports = new Set<number | undefined>()
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort)
      request.resume().on('end', () => response.end(request.headers.host))
    }, loopbackCertificate)
    const own = createHttpSender({ ca: cert })
    for (let n = 0; n < 3; n++) expect((await put(url, {}, own.send)).text).toBe(new URL(url).host)
    expect(ports.size).toBe(1)
    own.close()
  })
  test('with one that is not, and https to a plain port: nothing is sent, and nothing sent again', async () => {
    let requests = 0
    const listener: RequestListener = (_, response) => (requests++, response.end())
    const url = await serve(listener, loopbackCertificate)
    const wrong = { code: 'TLS', retryable: false, message: expect.stringMatching(/SELF_SIGNED.*NODE_EXTRA_CA_CERTS/) }
    await expect(put(url)).rejects.toMatchObject(wrong)
    const own = createHttpSender({ ca: cert })
    await expect(put(url.replace('localhost', '127.0.0.1'), {}, own.send)).rejects.toMatchObject({ code: 'TLS' })
    const plain = await serve(listener)
    const foreign = put(plain.replace('http:', 'https:'), {}, own.send)
    await expect(foreign).rejects.toMatchObject({ code: 'TLS', retryable: false })
    own.close()
    expect(requests).toBe(0)
  })
})

describe('a proxy', () => {
  test('carries a body in slices, and says itself when it refuses', async () => {
    let bytes = 0
    const url = await serve((request, response) => {
      request.on('data', (piece: Buffer) => (bytes += piece.length)).on('end', () => response.end('stored'))
    }, loopbackCertificate)
    await using proxy = await startConnectProxy({ login: { user: 'me', password: 'secret' } })
    const target = url.replace('localhost', 'store.test')
    const through = (address: string): ReturnType<typeof createHttpSender> =>
      createHttpSender({ ca: loopbackCertificate.cert, proxies: proxiesFrom({ all_proxy: address }) })
    const own = through(proxy.urlWith('me', 'secret'))
    const large = new Uint8Array(5_000_000)
    for (let n = 0; n < 2; n++)
      expect(await put(target, {}, own.send, large)).toMatchObject({ status: 200, text: 'stored' })
    own.close()
    expect(bytes).toBe(2 * large.length)
    expect(proxy.tunnels).toEqual([{ target: new URL(target).host, status: 200 }])
    const refused = through(proxy.urlWith('me', 'another'))
    const error: unknown = await put(target, {}, refused.send).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'PROXY', retryable: false, message: expect.stringContaining(proxy.url) })
    expect(inspect(error)).not.toMatch(/another|secret/)
    refused.close()
  })
})
