import { inspect } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { type Body, createFetchSend, type Send, type SlicedBody, TransferError } from '../src/index.ts'
import { createHttpSender } from '../src/node/index.ts'
import { serve, serveRaw } from './servers.ts'
import { bytesOf, MIB } from './store.ts'

const sender = createHttpSender()
afterAll(() => sender.close())
const body = bytesOf(9 * MIB + 1)
/** The same, read while it goes. */
const sliced: SlicedBody = {
  length: body.length,
  read: async (at, into) => into.set(body.subarray(at, at + into.length)),
}
const small = body.subarray(0, 200_000)
const senders: [name: string, send: Send, sent: Body, whole: Uint8Array][] = [
  ['sockets', sender.send, body, body],
  ['sockets, in slices', sender.send, sliced, body],
  ['sockets, in one write', sender.send, small, small],
  ['fetch', createFetchSend({ leastBytesPerSecond: 1e9 }), body, body],
]

describe.each(senders)('%s', (name, send, content, whole) => {
  const put = (url: string, more: object = {}): ReturnType<Send> =>
    send({ method: 'PUT', url, headers: { 'x-a': 'b' }, body: content }, { stallMs: 10_000, ...more })

  test('sends exactly the body and the headers', async () => {
    const url = await serve((request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        const isWhole = Buffer.concat(pieces).equals(whole)
        const { 'content-length': length, 'content-type': type, 'x-a': own } = request.headers
        response.setHeader('etag', '"e"').end(JSON.stringify({ isWhole, length, type, own }))
      })
    })
    let sent = 0
    const reply = await put(url, { onSent: (bytes: number) => (sent += bytes) })
    expect(JSON.parse(reply.text)).toEqual({ isWhole: true, length: String(whole.length), own: 'b' })
    expect([reply.status, reply.headers['etag']]).toEqual([200, '"e"'])
    if (name !== 'sockets, in one write') await expect.poll(() => sent).toBe(whole.length)
  })
  test('host and length are those of the URL and the body, whatever the signer says', async () => {
    const url = await serve((request, response) => {
      const names = request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
      const twice = names.filter((name, index) => names.indexOf(name) !== index)
      request.resume().on('end', () => {
        const { host, 'content-length': length } = request.headers
        response.end(JSON.stringify({ host, length, twice }))
      })
    })
    const headers = { Host: 'elsewhere', 'Content-Length': '3', 'x-a': 'b' }
    const reply = await send({ method: 'PUT', url, headers, body: content }, { stallMs: 10_000 })
    expect(JSON.parse(reply.text)).toEqual({ host: new URL(url).host, length: String(whole.length), twice: [] })
    const empty = await send({ method: 'PUT', url, headers }, { stallMs: 10_000 })
    expect(JSON.parse(empty.text)).toMatchObject({ length: '0', twice: [] })
  })
  test('how the body is framed is not for the signer to say', async () => {
    const url = await serve((request, response) => {
      let bytes = 0
      request.on('data', (piece: Buffer) => (bytes += piece.length))
      request.on('end', () => response.end(JSON.stringify({ bytes, own: request.headers['x-a'] })))
    })
    const headers = { 'Transfer-Encoding': 'chunked', TE: 'trailers', Expect: '100-continue', Upgrade: 'x', 'x-a': 'b' }
    const reply = await send({ method: 'PUT', url, headers, body: content }, { stallMs: 10_000 })
    expect(JSON.parse(reply.text)).toEqual({ bytes: whole.length, own: 'b' })
  })
  test('a reply that is refused does not keep coming', async () => {
    let closed = false
    const url = await serve((_, response) => {
      response.on('close', () => (closed = true))
      const more = (): void => void (closed || response.write('x'.repeat(65_536), () => setTimeout(more, 5)))
      more()
    })
    const onHead = (): void => {
      throw new TransferError('CONFLICT', 'another version', { retryable: false })
    }
    const read = send({ method: 'GET', url, headers: {} }, { stallMs: 10_000, onHead, onData: () => undefined })
    await expect(read).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect.poll(() => closed).toBe(true)
  })
  test('a reply that is cut is no reply', async () => {
    const url = await serve((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200, { 'content-length': '9' }).write('<Er', () => response.destroy())
      })
    })
    await expect(put(url)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })
  test('a switch to another protocol is refused', async () => {
    const url = await serveRaw((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'))
    })
    await expect(put(url)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })
  test('an error reply is a reply', async () => {
    const url = await serve((request, response) => {
      request
        .resume()
        .on('end', () => response.writeHead(503, { 'retry-after': '2' }).end('<Error><Code>SlowDown</Code></Error>'))
    })
    expect(await put(url)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
      text: expect.stringContaining('SlowDown'),
    })
  })
  test('no answer is cut', async () => {
    const url = await serve((request) => void request.resume())
    await expect(put(url, { stallMs: 300 })).rejects.toMatchObject({ code: 'TOO_SLOW', retryable: true })
  })
  test('a body that nobody takes is cut', async () => {
    const url = await serveRaw((socket) => void socket.pause())
    await expect(put(url, { stallMs: 300 })).rejects.toMatchObject({ code: 'TOO_SLOW' })
  })
  test('who takes the bytes may take long', async () => {
    const url = await serve((_, response) => void response.end('12345'))
    const onData = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, 400))
    const reply = await send({ method: 'GET', url, headers: {} }, { stallMs: 150, onData })
    expect(reply.status).toBe(200)
  })
  test('a reply that ends in the middle', async () => {
    const url = await serve((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200, { 'content-length': '100' }).write('half')
        setTimeout(() => response.destroy(), 20)
      })
    })
    await expect(put(url)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
  test('a reply that stops in the middle', async () => {
    const url = await serve((request, response) => {
      request.resume().on('end', () => response.writeHead(200, { 'content-length': '100' }).write('half'))
    })
    await expect(put(url, { stallMs: 300 })).rejects.toMatchObject({ code: 'TOO_SLOW' })
  })
  test('reset, refused and garbage', async () => {
    const reset = await serveRaw((socket) => socket.resetAndDestroy())
    await expect(put(reset)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const garbage = await serveRaw((socket) => void socket.end('this is no HTTP\r\n\r\n'))
    await expect(put(garbage)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(put('http://127.0.0.1:9/')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
  test('a signal ends it at once', async () => {
    const url = await serve((request) => void request.resume())
    const signal = AbortSignal.timeout(50)
    await expect(put(url, { signal, stallMs: 60_000 })).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(put(url, { signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })
  test('bodies of replies are handed over as they come', async () => {
    const url = await serve((_, response) => void response.end(body))
    const pieces: Buffer[] = []
    const onData = (piece: Uint8Array): void => void pieces.push(Buffer.from(piece))
    await send({ method: 'GET', url, headers: {} }, { stallMs: 10_000, onData })
    expect(Buffer.concat(pieces).equals(body)).toBe(true)
  })
})

test('fetch takes whole bodies only', async () => {
  const send: Send = createFetchSend()
  expect(send.takesSlices).toBeUndefined()
  const put = send({ method: 'PUT', url: 'http://127.0.0.1:9/', headers: {}, body: sliced }, { stallMs: 100 })
  await expect(put).rejects.toThrow(TypeError)
})

describe('sockets alone', () => {
  test('a body that cannot be read any more ends the request with its error', async () => {
    let isCut = false
    const url = await serve((request) => void request.resume().on('close', () => (isCut = !request.complete)))
    const read: SlicedBody['read'] = async (at, into) => {
      if (at >= MIB) throw new TransferError('SOURCE_CHANGED', 'it changed', { retryable: false })
      await sliced.read(at, into)
    }
    const put = createHttpSender().send(
      { method: 'PUT', url, headers: {}, body: { length: body.length, read } },
      { stallMs: 10_000 },
    )
    await expect(put).rejects.toMatchObject({ code: 'SOURCE_CHANGED', retryable: false })
    await expect.poll(() => isCut).toBe(true)
  })
  test('reading slowly is no stall, and is done once a MiB however small the slices are', async () => {
    const url = await serve((request, response) => void request.resume().on('end', () => response.end()))
    const at: number[] = []
    const read: SlicedBody['read'] = async (position) => {
      at.push(position)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    const request = { method: 'PUT' as const, url, headers: {}, body: { length: 2 * MIB + 1, read } }
    const allow = async (): Promise<void> => undefined
    const reply = await createHttpSender().send(request, { stallMs: 100, allow })
    expect(reply.status).toBe(200)
    expect(at).toEqual([0, MIB, 2 * MIB])
  })
  test('an end while a body is read: nothing is read after it', async () => {
    const url = await serve((request) => void request.resume())
    const cut = new AbortController()
    let reads = 0
    const read = async (): Promise<void> => {
      reads++
      await new Promise((resolve) => setTimeout(resolve, 20))
      cut.abort()
    }
    const request = { method: 'PUT' as const, url, headers: {}, body: { length: 9 * MIB, read } }
    const put = createHttpSender().send(request, { stallMs: 10_000, signal: cut.signal })
    await expect(put).rejects.toMatchObject({ code: 'ABORTED' })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(reads).toBe(1)
  })
  test('an early refusal is read while the body is still going', async () => {
    const url = await serve((request, response) => {
      request.once('data', () => response.writeHead(403, { connection: 'close' }).end('no'))
    })
    const reply = await createHttpSender().send({ method: 'PUT', url, headers: {}, body }, { stallMs: 10_000 })
    expect(reply).toMatchObject({ status: 403, text: 'no' })
  })
  test('cookies are one header, as all others', async () => {
    const url = await serve((_, response) => void response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end('x'))
    const { headers } = await createHttpSender().send({ method: 'GET', url, headers: {} }, { stallMs: 10_000 })
    expect(headers).toMatchObject({ 'set-cookie': 'a=1, b=2', 'transfer-encoding': 'chunked' })
  })
  test('a small body that nobody takes is cut, and one that is refused at once is answered', async () => {
    const small = body.subarray(0, 100_000)
    const own = createHttpSender()
    const deaf = await serveRaw((socket) => void socket.pause())
    const cut = own.send({ method: 'PUT', url: deaf, headers: {}, body: small }, { stallMs: 300 })
    await expect(cut).rejects.toMatchObject({ code: 'TOO_SLOW' })
    const url = await serve((_, response) => void response.writeHead(403, { connection: 'close' }).end('no'))
    const reply = await own.send({ method: 'PUT', url, headers: {}, body: small }, { stallMs: 10_000 })
    expect(reply).toMatchObject({ status: 403, text: 'no' })
    own.close()
  })
  test('waiting for the bandwidth limit is no stall', async () => {
    const url = await serve((request, response) => void request.resume().on('end', () => response.end()))
    const allow = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, 250))
    const small = body.subarray(0, 1000)
    const reply = await createHttpSender().send(
      { method: 'PUT', url, headers: {}, body: small },
      { stallMs: 100, allow },
    )
    expect(reply.status).toBe(200)
  })
  test('what cannot be sent is a typed error without the URL', async () => {
    const { send } = createHttpSender()
    for (const [url, value] of [
      ['ftp://127.0.0.1/secret', 'x'],
      ['no URL, but secret', 'x'],
      ['http://127.0.0.1:9/secret', 'two\nlines'],
    ] as const) {
      const error = await send({ method: 'PUT', url, headers: { a: value }, body }, { stallMs: 100 }).catch(
        (caught: unknown) => caught,
      )
      expect(error).toMatchObject({ code: 'PROTOCOL', retryable: false })
      expect(inspect(error)).not.toContain('/secret')
    }
  })
  test('connections are used again', async () => {
    const ports = new Set<number | undefined>()
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort)
      request.resume().on('end', () => response.end())
    })
    const own = createHttpSender()
    for (let n = 0; n < 5; n++) await own.send({ method: 'PUT', url, headers: {}, body }, { stallMs: 10_000 })
    own.close()
    expect(ports.size).toBe(1)
  })
})
