import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  isSafePath,
  parsePartKey,
  partKey,
  shareCount,
  shareOf,
  sourceName,
  timeBucketId,
  uriDigest,
  utcMoment,
} from '../src/index.ts'

test('sources, hours and digests', () => {
  expect([1, 2, 7].map(sourceName)).toEqual(['reddit', 'x', 'source-7'])
  expect(() => sourceName(-1)).toThrow(expect.objectContaining({ code: 'BAD_KEY' }))
  expect(() => sourceName(1.5)).toThrow(expect.objectContaining({ code: 'BAD_KEY' }))
  expect(timeBucketId(1_728_000_000)).toBe(480_000)
  expect(timeBucketId(1_728_003_599.9)).toBe(480_000)
  const whole = createHash('sha256').update('https://x.com/ü').digest()
  expect(Buffer.from(uriDigest('https://x.com/ü'))).toEqual(whole.subarray(0, 16))
})

test('part keys', () => {
  const key = { source: 'x', hour: 480_000, part: 2, of: 3, sha256: 'ab'.repeat(32) }
  const text = 'source=x/bucket=480000/part-2of3-abababababababab.parquet'
  expect(partKey(key)).toBe(text)
  expect(parsePartKey(text)).toEqual({ ...key, sha256: 'ab'.repeat(8) })
  expect(isSafePath(text)).toBe(true)
  for (const wrong of [
    { part: 0 },
    { part: 4 },
    { of: 10_000, part: 1 },
    { hour: -1 },
    { source: '../x' },
    { sha256: 'no' },
  ]) {
    expect(() => partKey({ ...key, ...wrong })).toThrow(expect.objectContaining({ code: 'BAD_KEY' }))
  }
  for (const wrong of [
    `/${text}`,
    `${text}/`,
    text.replace('=4', '=04'),
    text.replace('part-2', 'part-02'),
    `${text}\n`,
  ]) {
    expect(parsePartKey(wrong)).toBeNull()
  }
})

test('a path is safe when it cannot leave its folder', () => {
  for (const path of ['files/a.bin', 'a', 'files/.hidden', 'x=1/y_2-3']) expect(isSafePath(path)).toBe(true)
  for (const path of ['', '/a', 'a/', 'a//b', '..', 'a/../b', './a', 'a b', 'a\\b', 'ä', 'a\0', 'a'.repeat(1025)]) {
    expect(isSafePath(path)).toBe(false)
  }
})

test('shares are equal ranges of the digest in its order', () => {
  const digest = (head: number): Uint8Array => Buffer.concat([Buffer.from([head, 0, 0, 0]), Buffer.alloc(12)])
  expect([0, 0x3f, 0x40, 0x80, 0xff].map((head) => shareOf(digest(head), 4))).toEqual([0, 0, 1, 2, 3])
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.integer({ min: 1, max: 9999 }), (bytes, of) => {
      const share = shareOf(bytes, of)
      expect(share >= 0 && share < of).toBe(true)
      expect(shareOf(Buffer.alloc(16), of)).toBe(0)
      expect(shareOf(Buffer.alloc(16, 255), of)).toBe(of - 1)
    }),
  )
})

test('the number of shares grows with the content and has an end', () => {
  expect(shareCount(0)).toBe(1)
  expect(shareCount(64 * 1024 * 1024)).toBe(1)
  expect(shareCount(64 * 1024 * 1024 + 1)).toBe(2)
  expect(shareCount(1000, 1000)).toBe(4)
  expect(() => shareCount(Number.MAX_SAFE_INTEGER, 1)).toThrow(expect.objectContaining({ code: 'BAD_KEY' }))
  expect(() => shareCount(Number.NaN)).toThrow(expect.objectContaining({ code: 'BAD_KEY' }))
})

test.each([
  ['2024-10-04 00:12:13+00:00', '2024-10-04T00:12:13Z'],
  ['2024-10-04T00:12:13Z', '2024-10-04T00:12:13Z'],
  ['2024-10-04 00:12:13', '2024-10-04T00:12:13Z'],
  ['2024-10-04 00:12:13.123456+00:00', '2024-10-04T00:12:13.123456Z'],
  ['2024-10-04 00:12:13.000+00:00', '2024-10-04T00:12:13Z'],
  ['2024-10-04 01:12:13+02:30', '2024-10-03T22:42:13Z'],
  ['2024-12-31 23:30:00-0100', '2025-01-01T00:30:00Z'],
  ['2024-12-31 23:30:00 -01', '2025-01-01T00:30:00Z'],
  ['2024-02-30 00:00:00', '2024-02-30 00:00:00'],
  ['0000-01-01 00:00:00+01:00', '0000-01-01 00:00:00+01:00'],
  ['2024-13-01 00:00:00', '2024-13-01 00:00:00'],
  ['yesterday', 'yesterday'],
  ['', ''],
])('the date %s', (text, expected) => {
  expect(utcMoment(text)).toBe(expected)
})
