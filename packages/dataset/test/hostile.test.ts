import { expect, test } from 'vitest'
import { readFooter } from '../src/read/read-footer.ts'
import { readHybrid } from '../src/read/read-runs.ts'
import { decodeChunk } from '../src/read/read-pages.ts'
import { readPlain } from '../src/read/read-plain.ts'
import { readThrift } from '../src/read/read-thrift.ts'
import { loadZstd } from '../src/format/zstd.ts'

const corrupt = expect.objectContaining({ code: 'CORRUPT_PARQUET' })
const TEXT = { name: 'text', kind: 'text', required: true, statistics: true } as const

test('Thrift: numbers, nesting and lists are bounded', () => {
  const endless = new Uint8Array(10_000_000).fill(0xff)
  endless[0] = 0x16 // field 1, i64
  expect(() => readThrift(endless, 0, 1000)).toThrow(corrupt)
  const deep = new Uint8Array(1_000_000).fill(0x1c) // struct in struct in …
  expect(() => readThrift(deep, 0, 2_000_000)).toThrow(corrupt)
  const lists = new Uint8Array(1_000_000).fill(0x19) // list of lists
  expect(() => readThrift(lists, 0, 2_000_000)).toThrow(corrupt)
  const many = Buffer.from([0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f, ...new Uint8Array(100)]) // 2^32 structs announced
  expect(() => readThrift(many, 0, 1_000_000)).toThrow(corrupt)
  const budget = Buffer.concat([Buffer.from([0x19, 0xfc, 0x80, 0x80, 0x01]), Buffer.alloc(20_000)])
  expect(() => readThrift(budget, 0, 1000)).toThrow(corrupt)
  for (const bytes of [[], [0x1d], [0x18, 0x05, 1], [0x08, 0x01], [0x17, 1, 2]]) {
    expect(() => readThrift(Uint8Array.from(bytes), 0, 100)).toThrow(corrupt)
  }
})

test('Thrift: known answer', () => {
  // {1: -2, 2: true, 3: false, 4: "hi", 5: [1, 2], 21: {}, 22: 8 bytes of a double, 23: byte 7, 24: [true, false]}
  const bytes = [0x15, 3, 0x11, 0x12, 0x18, 2, 0x68, 0x69, 0x19, 0x25, 2, 4, 0x0c, 42, 0, 0x17, 0, 0, 0, 0, 0, 0, 0, 0]
  const { value, end } = readThrift(Uint8Array.from([...bytes, 0x13, 7, 0x19, 0x21, 1, 2, 0]), 0, 100)
  expect(value).toEqual({
    1: -2,
    2: true,
    3: false,
    4: Uint8Array.from([0x68, 0x69]),
    5: [1, 2],
    21: {},
    22: new Uint8Array(8),
    23: 7,
    24: [true, false],
  })
  expect(end).toBe(bytes.length + 7)
})

test('runs: a count of billions does no work', () => {
  expect(() => readHybrid(Uint8Array.from([0xfe, 0xff, 0xff, 0xff, 0x0f, 1]), 1, 10)).toThrow(corrupt)
  expect(() => readHybrid(Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x0f]), 0, 10)).toThrow(corrupt)
  expect(() => readHybrid(Uint8Array.from([0, 0, 0]), 1, 10)).toThrow(corrupt)
  expect(() => readHybrid(Uint8Array.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80]), 1, 10)).toThrow(corrupt)
  expect(() => readHybrid(new Uint8Array(), 1, 1)).toThrow(corrupt)
  expect(() => readHybrid(Uint8Array.from([2, 1]), 25, 1)).toThrow(corrupt)
  expect(() => readHybrid(Uint8Array.from([3, 1]), 9, 8)).toThrow(corrupt)
  expect([...readHybrid(Uint8Array.from([8, 3, 3, 0x88, 0xc6, 0xfa]), 3, 12)]).toEqual([
    3, 3, 3, 3, 0, 1, 2, 3, 4, 5, 6, 7,
  ])
})

test('a small page cannot announce a large content', async () => {
  const zstd = await loadZstd()
  const bomb = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, 1, 0, 0]) // 1 GiB announced
  expect(() => zstd.decompress(bomb, 100)).toThrow(corrupt)
  const packed = zstd.compress(new Uint8Array(1000))
  expect(zstd.decompress(packed, 1000)).toEqual(new Uint8Array(1000))
  expect(() => zstd.decompress(packed, 999)).toThrow(corrupt)
  expect(() => zstd.decompress(packed.subarray(0, -3), 1000)).toThrow(corrupt)
  for (const size of [0, 1, 255, 256, 70_000]) {
    expect(zstd.decompress(zstd.compress(new Uint8Array(size)), size)).toEqual(new Uint8Array(size))
  }
  for (const frame of [
    [],
    [1, 2, 3],
    [0x28, 0xb5, 0x2f, 0xfd, 0, 0],
    [0x28, 0xb5, 0x2f, 0xfd, 0xe0, ...new Uint8Array(20)],
  ]) {
    expect(() => zstd.decompress(Uint8Array.from(frame), 5)).toThrow(corrupt)
  }
})

test('values that are not there are not read', () => {
  for (const kind of ['digest', 'int', 'float', 'flag', 'bytes', 'text'] as const) {
    expect(() => readPlain(new Uint8Array(7), kind, 1_000_000_000)).toThrow(corrupt)
  }
  expect(() => readPlain(Uint8Array.from([255, 255, 255, 255]), 'text', 1)).toThrow(corrupt)
  const wide = Buffer.alloc(8)
  wide.writeBigInt64LE(2n ** 60n)
  expect(readPlain(wide, 'int', 1)).toEqual([2n ** 60n])
})

function pageHeader(values: number, encoding: number, size: number): number[] {
  const page = [0x15, values * 2, 0x15, 0, 0x15, values * 2, 0x15, encoding * 2, 0x15, 0, 0x15, 0, 0, 0]
  return [0x15, 6, 0x15, size * 2, 0x15, size * 2, 0x5c].concat(page)
}

test('pages out of place are refused', async () => {
  const zstd = await loadZstd()
  const decode = (bytes: readonly number[], left = 1000) =>
    decodeChunk(Uint8Array.from(bytes), TEXT, false, 1, zstd, { left })
  const dictionary = [0x15, 4, 0x15, 8, 0x15, 8, 0x4c, 0x15, 2, 0x15, 0, 0, 0, 0, 0, 0, 0]
  const page = (values: number, encoding: number, data: readonly number[]) => [
    ...pageHeader(values, encoding, data.length),
    ...data,
  ]
  expect(decode(page(1, 0, [1, 0, 0, 0, 65]))).toEqual(['A'])
  expect(decode([...dictionary, ...page(1, 8, [1, 2, 0])])).toEqual([''])
  for (const bytes of [
    [],
    [0x15, 0, 0x15, 0, 0x15, 0, 0], // a data page of version 1
    [...dictionary, ...dictionary],
    dictionary,
    page(2, 0, [0, 0, 0, 0, 0, 0, 0, 0]), // more values than rows
    page(1, 8, [1, 2, 0]), // indexes without a dictionary
    [...dictionary, ...page(1, 8, [1, 2, 1])], // an index outside
    page(1, 5, [0]), // another encoding
    [0x15, 6, 0x15, 8, 0x15, 20, 0, 0, 0], // ends too early
  ]) {
    expect(() => decode(bytes)).toThrow(corrupt)
  }
  expect(() => decode(page(1, 0, [1, 0, 0, 0, 65]), 3)).toThrow(corrupt)
})

test('footers of other formats are refused', () => {
  expect(() => readFooter(Uint8Array.from([0]), 100)).toThrow(corrupt)
  const nothing = [0x29, 0x0c, 0x16, 0, 0x19, 0x0c, 0] // no schema, no rows, no groups
  expect(() => readFooter(Uint8Array.from(nothing), 100)).toThrow(corrupt)
})
