import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReplyReader, type WholeReply } from '../src/node/reply-reader.ts'

/** Gives the bytes in pieces, cut at these places. */
function read(wire: string, cuts: readonly number[] = []): WholeReply | null {
  const reader = createReplyReader()
  reader.begin()
  const bytes = Buffer.from(wire, 'latin1')
  let reply: WholeReply | null = null
  const places = [...new Set(cuts.map((cut) => cut % bytes.length))].filter((at) => at > 0).sort((a, b) => a - b)
  for (const [index, at] of [0, ...places].entries()) reply = reader.push(bytes.subarray(at, places[index])) ?? reply
  return reply ?? reader.end()
}

const chunked = (text: string, size: number): string => {
  const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
  return `${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`
}

const framings = {
  length: (text: string) => `content-length: ${text.length}\r\n\r\n${text}`,
  chunks: (text: string) => `Transfer-Encoding: chunked\r\n\r\n${chunked(text, 7)}`,
  close: (text: string) => `\r\n${text}`,
}

test('the same reply comes of any pieces, framed by length, chunks or the end of the connection', () => {
  const cases = fc.record({
    status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
    text: fc.string({ maxLength: 60, unit: fc.constantFrom('a', '<', '\r', '\n', '0', ' ') }),
    framing: fc.constantFrom('length', 'chunks', 'close'),
    hints: fc.integer({ min: 0, max: 2 }),
    cuts: fc.array(fc.nat(), { maxLength: 12 }),
  })
  fc.assert(
    fc.property(cases, ({ status, text, framing, hints, cuts }) => {
      const hint = 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(hints)
      const head = `HTTP/1.1 ${status} Some reason\r\nETag: "e"\r\nx-twice: 1\r\nX-Twice: 2\r\n`
      const reply = read(hint + head + framings[framing](text), cuts)
      expect(reply).toMatchObject({ status, text, openMs: framing === 'close' ? 0 : Infinity })
      expect(reply?.headers).toMatchObject({ etag: '"e"', 'x-twice': '1, 2' })
    }),
  )
})

describe('what a connection is worth afterwards', () => {
  const openMs = (head: string): number | undefined => read(`${head}\r\ncontent-length: 0\r\n\r\n`)?.openMs
  test('as the reply says', () => {
    expect(openMs('HTTP/1.1 200 OK')).toBe(Infinity)
    expect(openMs('HTTP/1.1 200 OK\r\nConnection: close')).toBe(0)
    expect(openMs('HTTP/1.1 200 OK\r\nConnection: foo,\tClose')).toBe(0)
    expect(openMs('HTTP/1.0 200 OK')).toBe(0)
    expect(openMs('HTTP/1.0 200 OK\r\nConnection: keep-alive')).toBe(Infinity)
    expect(openMs('HTTP/1.0 200 OK\r\nConnection: keep-alive, close')).toBe(0)
    expect(openMs('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=9')).toBe(4000)
    expect(openMs('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1')).toBe(0)
  })
  test.each(['', 'content-length: 5\r\n', 'transfer-encoding: chunked\r\n'])(
    '204 and 304 have no body: %j',
    (header) => {
      for (const status of [204, 304]) {
        expect(read(`HTTP/1.1 ${status} x\r\n${header}\r\n`)).toMatchObject({ status, text: '', openMs: Infinity })
      }
    },
  )
  test('nothing when two replies come to one request', () => {
    const reply = 'HTTP/1.1 200 OK\r\netag: "1"\r\ncontent-length: 0\r\n\r\n'
    const second = reply.replace('200', '503').replace('"1"', '"2"')
    expect(read(reply + second)).toMatchObject({ status: 200, headers: { etag: '"1"' }, openMs: 0 })
  })
  test('nothing when something else comes after it', () => {
    expect(read('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1garbage\r\n')).toMatchObject({
      text: '1',
      openMs: 0,
    })
  })
  test('nothing when a second reply begins', () => {
    expect(read('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 2')).toMatchObject({ openMs: 0 })
  })
})

test.each([
  ['no HTTP', 'SSH-2.0-x\r\n\r\n'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nx'],
  ['a negative length', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nx'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
  ['another coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
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
  ['another version', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['a switch without a word of it', 'HTTP/1.1 101 x\r\n\r\n'],
  ['endless headers', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`],
  ['an endless body', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1024 * 1024)}`],
])('%s is an error', (_, wire) => {
  expect(() => read(wire)).toThrow(Error)
})

test('blanks around values, names of every object, zeros before sizes', () => {
  const blanks = ' '.repeat(30_000)
  const reply = read(
    `HTTP/1.1 200 OK\r\nconstructor:${blanks}a b\t\r\ntransfer-encoding: chunked\r\n\r\n0005;x\r\nabcde\r\n0\r\n\r\n`,
  )
  expect(reply).toMatchObject({ headers: { constructor: 'a b' }, text: 'abcde' })
})

test('of a long body the first 64 KiB are kept', () => {
  const text = 'ab'.repeat(100_000)
  expect(read(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`, [65_000, 130_000])?.text).toBe(
    text.slice(0, 65_536),
  )
})

test.each([
  'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf',
  'HTTP/1.1 200 OK\r\netag: ',
  'HTTP/1.1 100 x\r\n\r\n',
  '',
])('an end in the middle is no reply: %j', (wire) => {
  expect(read(wire)).toBeNull()
})
