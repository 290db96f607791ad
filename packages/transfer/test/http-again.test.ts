// Requests that are sent once more: to where a redirect leads, and when a kept connection was gone.
import type { Socket } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import type { Send } from '../src/index.ts'
import { createHttpSender } from '../src/node/index.ts'
import { serve, serveRaw } from './servers.ts'

const sender = createHttpSender()
afterAll(() => sender.close())
const body = Buffer.from('some bytes')
const put = (url: string, more: object = {}, content: Uint8Array = body): ReturnType<Send> =>
  sender.send({ method: 'PUT', url, headers: {}, body: content }, { stallMs: 10_000, ...more })

/** Whether a test's server has read a whole request. */
const hasAll = (text: string): boolean => text.includes('\r\n\r\n') && text.endsWith(body.toString())
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'

describe('a redirect', () => {
  async function redirecting(status: number, to: (host: string) => string): Promise<{ url: string; seen: string[] }> {
    const seen: string[] = []
    const url = await serve((request, response) => {
      let text = ''
      request.on('data', (piece: Buffer) => (text += piece.toString()))
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${text}`)
        if (request.url === '/new') response.end('here')
        else response.writeHead(status, { location: to(request.headers.host ?? '') }).end()
      })
    })
    return { url, seen }
  }
  test.each([307, 308])('%i on the same host is followed, with the body', async (status) => {
    for (const to of [(): string => '/new', (host: string): string => `http://${host}/new`]) {
      const { url, seen } = await redirecting(status, to)
      expect(await put(url)).toMatchObject({ status: 200, text: 'here' })
      expect(seen).toEqual(['PUT / some bytes', 'PUT /new some bytes'])
    }
  })
  test.each([
    [307, 'http://127.0.0.1:9/new'],
    [307, 'https://127.0.0.1/new'],
    [301, '/new'],
    [302, '/new'],
    [307, 'http://['],
  ])('%i to %s is an answer', async (status, location) => {
    const { url, seen } = await redirecting(status, () => location)
    expect(await put(url)).toMatchObject({ status, headers: { location } })
    expect(seen).toHaveLength(1)
  })
  test('a ring of them ends', async () => {
    const { url, seen } = await redirecting(307, () => '/')
    expect(await put(url)).toMatchObject({ status: 307 })
    expect(seen).toHaveLength(4)
  })
})

describe('a kept connection that was gone', () => {
  /** Ends each connection when its second request comes, the first `times` times. */
  async function forgetful(
    times: number,
    end: (socket: Socket) => void,
  ): Promise<{ url: string; requests: () => number }> {
    let left = times
    let requests = 0
    const url = await serveRaw((socket) => {
      let isSecond = false
      let text = ''
      socket.on('data', (data) => {
        if (isSecond && left > 0) {
          left--
          return end(socket)
        }
        text += data.toString('latin1')
        if (!hasAll(text)) return
        requests++
        text = ''
        isSecond = true
        socket.write(OK)
      })
    })
    return { url, requests: () => requests }
  }
  test.each([
    ['reset', (socket: Socket): void => void socket.resetAndDestroy()],
    ['ended', (socket: Socket): void => void socket.end()],
  ])('%s: the request is sent again at once, on a new one', async (_, end) => {
    const { url, requests } = await forgetful(1, end)
    let sent = 0
    const onSent = (bytes: number): void => void (sent += bytes)
    await put(url)
    const large = Buffer.concat([Buffer.alloc(1_000_000), body])
    expect((await put(url, { onSent }, large)).status).toBe(200)
    expect(requests()).toBe(2)
    await expect.poll(() => sent).toBe(large.length)
  })
  test('all those kept beside it are given up with it', async () => {
    const { url, requests } = await forgetful(3, (socket) => void socket.resetAndDestroy())
    await Promise.all([put(url), put(url), put(url)])
    await put(url)
    expect(requests()).toBe(4)
  })
  test('a second time is an error; a new connection that ends is one, too', async () => {
    let connections = 0
    const url = await serveRaw((socket) => {
      const isFirst = ++connections === 1
      let requests = 0
      socket.on('data', () => (isFirst && requests++ === 0 ? socket.write(OK) : socket.resetAndDestroy()))
    })
    await put(url)
    await expect(put(url)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(connections).toBe(2)
    await expect(put(url)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(connections).toBe(3)
  })
  test('not after a part of an answer', async () => {
    let connections = 0
    const url = await serveRaw((socket) => {
      connections++
      let requests = 0
      socket.on('data', () => (requests++ === 0 ? socket.write(OK) : socket.end('HTTP/1.1 503 Sl')))
    })
    await put(url)
    await expect(put(url)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(connections).toBe(1)
  })
})
