// What Node's parser makes of replies that others might read in another way.
import { afterAll, expect, test } from 'vitest'
import type { WireReply } from '../src/index.ts'
import { createHttpSender } from '../src/node/index.ts'
import { serveRaw } from './servers.ts'

const sender = createHttpSender()
afterAll(() => sender.close())

/** The reply to a PUT, as these bytes say it; nothing comes after them. */
async function read(wire: string): Promise<WireReply> {
  const url = await serveRaw((socket) => void socket.once('data', () => socket.end(Buffer.from(wire, 'latin1'))))
  return await sender.send({ method: 'PUT', url, headers: {} }, { stallMs: 10_000 })
}

test.each([
  ['no HTTP', 'SSH-2.0-x\r\n\r\n'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nx'],
  ['a negative length', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nx'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
  ['a length beside chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a chunk of no size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
  ['lines without CR', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
  ['a line without CR', 'HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n'],
  ['a length among other blanks', 'HTTP/1.1 200 OK\r\ncontent-length: \xa05\r\n\r\n12345'],
  ['a chunk that rewinds', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-6\r\nx'],
  ['a chunk of negative size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-fffffffffffff\r\nx'],
  ['a chunk that is longer', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n'],
  ['an endless chunk size', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'0'.repeat(5000)}`],
  ['a folded header', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n'],
  ['a header without a name', 'HTTP/1.1 200 OK\r\n: b\r\n\r\n'],
  ['a switch without a word of it', 'HTTP/1.1 101 x\r\n\r\n'],
  ['endless headers', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`],
  ['an endless body', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1024 * 1024 + 1)}`],
])('%s is an error', async (_, wire) => {
  await expect(read(wire)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
})

test('blanks around values, names of every object, zeros before sizes', async () => {
  const blanks = ' '.repeat(10_000)
  const head = `HTTP/1.1 200 OK\r\nconstructor:${blanks}a b\t\r\ntransfer-encoding: chunked\r\n\r\n`
  expect(await read(`${head}0005;x\r\nabcde\r\n0\r\n\r\n`)).toMatchObject({
    headers: { constructor: 'a b' },
    text: 'abcde',
  })
})

test.each(['', 'content-length: 5\r\n', 'transfer-encoding: chunked\r\n'])(
  '204 and 304 have no body: %j',
  async (header) => {
    for (const status of [204, 304])
      expect(await read(`HTTP/1.1 ${status} x\r\n${header}\r\n`)).toMatchObject({ status, text: '' })
  },
)

test('of a long body the first 64 KiB are kept', async () => {
  const text = 'ab'.repeat(100_000)
  const reply = await read(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`)
  expect(reply.text).toBe(text.slice(0, 65_536))
})

test.each([
  'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf',
  'HTTP/1.1 200 OK\r\netag: ',
  'HTTP/1.1 100 x\r\n\r\n',
  '',
])('an end in the middle is no reply: %j', async (wire) => {
  await expect(read(wire)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
