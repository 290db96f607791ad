import { expect, test } from 'vitest'
import * as api from '../src/index.ts'

const stored = { key: 'a', bytes: 1, etag: '"abc-2"', metadata: {} }

test('a reply says what the store holds, whoever put it there', () => {
  const stat = { ...stored, key: '', content_encoding: null, checksum_crc32: 'AAAAAA==-3' }
  expect(api.statObject.reply?.parse(stat)).toEqual(stat)
  const list = { objects: [{ key: '\u{1f600}\n', bytes: 0, etag: 'W/"x y"' }], next: '\u{1f600}\n' }
  expect(api.listObjects.reply?.parse(list)).toEqual(list)
})

test('a reply may gain fields, a request may not', () => {
  expect(api.completeUpload.reply?.parse({ ...stored, sha256: 'new' })).toEqual({ key: 'a', bytes: 1, etag: '"abc-2"' })
  expect(api.listObjects.body?.safeParse({ prefix: '', more: 1 }).success).toBe(false)
})

test('a list goes on behind any key that the store can hold, and no longer one', () => {
  const goesOn = (after: string): boolean => api.listObjects.body?.safeParse({ after }).success === true
  expect(goesOn('ü'.repeat(481))).toBe(true)
  expect(goesOn('ü'.repeat(482))).toBe(false)
  expect(goesOn('\ud800')).toBe(false)
})

test.each([
  ['a size below nothing', { ...stored, bytes: -1 }],
  ['half a byte', { ...stored, bytes: 0.5 }],
  ['a checksum of any length', { ...stored, checksum_crc32: 'A'.repeat(65) }],
])('%s is no reply', (_, reply) => {
  const full = { content_encoding: null, checksum_crc32: null, ...reply }
  expect(api.statObject.reply?.safeParse(full).success).toBe(false)
})

test('each refusal has the status that HTTP has for it', () => {
  expect(api.statusOf('EXPIRED')).toBe(401)
  expect(api.statusOf('NO_SUCH_KEY')).toBe(404)
  expect(api.statusOf('TOO_MANY')).toBe(429)
  expect(api.statusOf('CHAIN_STALE')).toBe(503)
})
