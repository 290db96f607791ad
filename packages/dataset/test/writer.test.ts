import * as fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { hashParquetValue, readBloomFilter, sbbfContains } from 'hyparquet/src/bloom.js'
import { compressors } from 'hyparquet-compressors'
import { expect, test } from 'vitest'
import { bloomOf } from '../src/format/bloom.ts'
import { createByteSink } from '../src/format/byte-sink.ts'
import { createColumnBuilder } from '../src/write/column-builder.ts'
import type { Cell, ColumnBuilder } from '../src/write/column-builder.ts'
import type { Column } from '../src/format/columns.ts'
import { readHybrid } from '../src/read/read-runs.ts'
import { createParquetWriter } from '../src/write/write-file.ts'
import { writeHybrid } from '../src/write/write-runs.ts'
import { textBounds } from '../src/format/statistics.ts'
import { loadZstd } from '../src/format/zstd.ts'

const DIGEST_ELEMENT = { name: 'uri_digest', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16 } as const
const digests = fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 }), { minLength: 1, maxLength: 300 })

test('property: the bloom filter is the one that hyparquet reads, with every digest and few others', () => {
  fc.assert(
    fc.property(digests, (list) => {
      const sorted = list.toSorted((a, b) => Buffer.compare(a, b))
      const filter = bloomOf(Buffer.concat(sorted))
      const blocks = new Uint32Array(filter.buffer, filter.byteOffset, filter.length / 4)
      for (const digest of list) expect(sbbfContains(blocks, hashParquetValue(digest, DIGEST_ELEMENT)!)).toBe(true)
      let bits = 0
      for (const word of blocks) for (let rest = word; rest !== 0; rest = (rest & (rest - 1)) >>> 0) bits += 1
      expect(bits).toBeLessThanOrEqual(list.length * 8)
    }),
  )
})

test('a filter of 10,000 digests has 16 KiB and passes about one of a hundred others', () => {
  const digest = (at: number): Buffer => {
    const bytes = Buffer.alloc(16)
    bytes.writeUInt32BE(at)
    bytes.writeUInt32BE(Math.imul(at, 2_654_435_761) >>> 0, 4)
    return bytes
  }
  const filter = bloomOf(Buffer.concat(Array.from({ length: 10_000 }, (_, at) => digest(at))))
  expect(filter.length).toBe(16 * 1024)
  const blocks = new Uint32Array(filter.buffer, filter.byteOffset, filter.length / 4)
  const others = Array.from({ length: 5000 }, (_, at) => hashParquetValue(digest(20_000 + at), DIGEST_ELEMENT)!)
  expect(others.filter((hash) => sbbfContains(blocks, hash)).length).toBeLessThan(100)
})

test('property: runs come back', () => {
  const run = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 40 }))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 24 }), fc.array(run, { maxLength: 30 }), (width, runs) => {
      const values = Uint32Array.from(runs.flatMap(([value, length]) => Array<number>(length).fill(value % 2 ** width)))
      const sink = createByteSink(1)
      writeHybrid(sink, values, values.length, width)
      expect(readHybrid(sink.bytes, width, values.length)).toEqual(values)
    }),
  )
})

test('property: bounds of texts are at most 32 bytes, valid, and enclose', () => {
  const unit = fc.constantFrom('a', '\u007f', 'é', '\ud7ff', '\uffff', '😀', '\u{10ffff}')
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
      const bytes = Buffer.from(text)
      const { min, max, minExact, maxExact } = textBounds(bytes, bytes)
      expect(minExact).toBe(bytes.length <= 32)
      expect(maxExact).toBe(minExact)
      expect(min.length).toBeLessThanOrEqual(32)
      expect(Buffer.compare(min, bytes)).toBeLessThanOrEqual(0)
      expect(Buffer.from(Buffer.from(min).toString()).equals(min)).toBe(true)
      if (max === null) return
      expect(max.length).toBeLessThanOrEqual(32)
      expect(Buffer.compare(max, bytes)).toBe(maxExact ? 0 : 1)
      expect(Buffer.from(Buffer.from(max).toString()).equals(max)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('a bound without a successor is left out', () => {
  const bytes = Buffer.from('\u{10ffff}'.repeat(9))
  expect(textBounds(bytes, bytes)).toMatchObject({ max: null, maxExact: false, minExact: false })
})

const column = (name: string, kind: Column['kind'], required = false): Column => ({
  name,
  kind,
  required,
  statistics: kind !== 'bytes',
})
const COLUMNS = [
  column('uri_digest', 'digest', true),
  column('text', 'text'),
  column('int', 'int'),
  column('float', 'float'),
  column('flag', 'flag'),
  column('texts', 'texts'),
  column('bytes', 'bytes'),
]

test('property: hyparquet reads every kind of column, dictionary or not, and right statistics', async () => {
  const zstd = await loadZstd()
  const builders = COLUMNS.map((entry) => createColumnBuilder(entry, 2000))
  const unit = fc.constantFrom('a', 'b', 'é', '\ufffd', '😀', '\uffff')
  const text = fc.string({ unit, maxLength: 3 })
  const row = fc.record({
    text: fc.option(text),
    int: fc.option(fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -2, max: 2 }))),
    float: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    flag: fc.option(fc.boolean()),
    texts: fc.option(fc.array(text, { maxLength: 4 })),
    bytes: fc.option(fc.uint8Array({ maxLength: 5 })),
  })
  const rows = fc.tuple(fc.array(row, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 40 }))
  await fc.assert(
    fc.asyncProperty(fc.array(rows, { minLength: 1, maxLength: 3 }), async (drawn) => {
      const groups = drawn.map(([list, times]) => Array.from({ length: times }, () => list).flat())
      const parquet = createParquetWriter(COLUMNS, (bytes) => zstd.compress(bytes))
      const parts = groups.map((group) => Buffer.from(parquet.group(group.length, chunksOf(builders, group))))
      const bytes = Buffer.concat([...parts, parquet.finish()])
      const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
      const found = await parquetReadObjects({ file, compressors, utf8: false })
      expect(found.map((record) => ({ ...record, texts: record['texts'] ?? null }))).toEqual(
        groups.flatMap((group) =>
          group.map((entry, at) => ({
            ...entry,
            uri_digest: digestOf(at),
            int: entry.int === null ? null : BigInt(entry.int),
          })),
        ),
      )
      const { row_groups: read } = parquetMetadata(file)
      for (const [at, group] of groups.entries()) {
        const texts = group
          .flatMap((entry) => entry.text ?? [])
          .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        const ints = group.flatMap((entry) => entry.int ?? []).toSorted((a, b) => a - b)
        const statistics = (name: string) =>
          read[at]!.columns[COLUMNS.findIndex((c) => c.name === name)]!.meta_data!.statistics
        expect(statistics('text')?.min_value).toEqual(texts[0])
        expect(statistics('text')?.max_value).toEqual(texts.at(-1))
        expect(statistics('text')?.null_count).toBe(BigInt(group.length - texts.length))
        expect(statistics('int')?.min_value).toEqual(ints[0] === undefined ? undefined : BigInt(ints[0]))
        expect(statistics('int')?.max_value).toEqual(ints.length === 0 ? undefined : BigInt(ints.at(-1)!))
        const filterAt = read[at]!.columns[0]!.meta_data!.bloom_filter_offset!
        const view = new DataView(file, Number(filterAt))
        expect(readBloomFilter({ view, offset: 0 })?.blocks.length).toBeGreaterThan(0)
      }
    }),
    { numRuns: 60 },
  )
})

function chunksOf(builders: readonly ColumnBuilder[], group: readonly Readonly<Record<string, Cell | null>>[]) {
  for (const [at, entry] of group.entries()) {
    builders[0]!.put(at, digestOf(at))
    for (const [position, { name }] of COLUMNS.entries()) {
      const cell = entry[name]
      if (position > 0 && cell !== null && cell !== undefined) builders[position]!.put(at, cell)
    }
  }
  return builders.map((builder) => builder.take(group.length))
}

function digestOf(row: number): Uint8Array {
  const digest = new Uint8Array(16)
  new DataView(digest.buffer).setUint32(0, row)
  return digest
}
