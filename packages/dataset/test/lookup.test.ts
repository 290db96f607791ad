import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DatasetError, lookupUris, readRows, writePart } from '../src/index.ts'
import type { DataRow } from '../src/index.ts'
import { HOUR, bytesReader, collect, row, sortedRows, tweet } from './rows.ts'

let directory = ''
let small: Uint8Array = new Uint8Array()
let large: Uint8Array = new Uint8Array()
let largeRows: DataRow[] = []

async function bytesOf(rows: DataRow[]): Promise<Uint8Array> {
  const part = await writePart({ directory, source: 2, hour: HOUR, part: 1, of: 1, rows })
  return readFile(part.path)
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-dataset-'))
  small = await bytesOf(
    sortedRows(Array.from({ length: 40 }, (_, i) => tweet(i, { view_count: i, is_reply: i % 2 === 0 }))),
  )
  largeRows = sortedRows(Array.from({ length: 25_000 }, (_, i) => varied(i)))
  large = await bytesOf(largeRows)
})
afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
})

/** Every field differs from row to row, as in real data. */
function varied(i: number): DataRow {
  const random = Math.imul(i + 1, 2_654_435_761) >>> 0
  const time = new Date(random % 3_600_000).toISOString().slice(14, 19)
  return row(
    `https://x.com/user${random % 997}/status/${i}${random}`,
    {
      username: `@user${random % 997}`,
      text: `${random.toString(36)} ${(random * 7).toString(36)}`,
      view_count: random % 10_000,
    },
    { datetime: `2024-10-04 00:${time}+00:00`, label: `#tag${random % 20}` },
  )
}

test('a small file is looked up with one request', async () => {
  const reader = bytesReader(small)
  const result = await lookupUris(reader, [tweet(7).uri, tweet(8).uri, 'https://x.com/nobody'])
  expect([...result.found.keys()].toSorted()).toEqual([tweet(7).uri, tweet(8).uri])
  expect(result.found.get(tweet(7).uri)).toMatchObject({ datetime: '2024-10-04T00:12:13Z', label: '#bittensor' })
  expect(result.requests).toBe(1)
  expect(result.bytesRead).toBe(small.length)
  expect(reader.reads).toHaveLength(1)
})

test('in full row groups every URI costs at most 2 requests and 256 KiB', async () => {
  for (const at of [0, 9_999, 10_000, 15_000, 24_999]) {
    const reader = bytesReader(large)
    const { uri } = largeRows[at]!
    const result = await lookupUris(reader, [uri])
    expect([...result.found.keys()]).toEqual([uri])
    expect(result.requests).toBeLessThanOrEqual(2)
    expect(result.bytesRead).toBeLessThanOrEqual(256 * 1024)
    expect(reader.reads.reduce((sum, [start, end]) => sum + end - start, 0)).toBe(result.bytesRead)
  }
})

test('the bloom filter spares the rows of a file that does not have the URI', async () => {
  const absent = Array.from({ length: 30 }, (_, i) => `https://x.com/nobody/status/${i}`)
  let bytes = 0
  for (const uri of absent) {
    const result = await lookupUris(bytesReader(large), [uri], { fetchBloom: true })
    expect(result.found.size).toBe(0)
    bytes += result.bytesRead
  }
  expect(bytes / absent.length).toBeLessThan(80 * 1024)
})

test('other columns come when they are asked for', async () => {
  const { uri } = largeRows[12_345]!
  const some = await lookupUris(bytesReader(large), [uri], { columns: ['text', 'uri', 'absent_column'] })
  expect(Object.keys(some.found.get(uri)!)).toEqual(['uri_digest', 'text', 'uri'])
  const all = await lookupUris(bytesReader(large), [uri], { columns: 'all' })
  expect(Object.keys(all.found.get(uri)!)).toContain('view_count')
})

test('long content closes a row group early; a footer larger than the first read takes one more', async () => {
  const content = new Uint8Array(32 * 1024 * 1024)
  const rows = sortedRows(Array.from({ length: 24 }, (_, i) => row(`u${i}`, content)))
  const result = await lookupUris(bytesReader(await bytesOf(rows)), [rows[23]!.uri])
  expect(result.found.size).toBe(1)
  expect(result.requests).toBe(3)
})

test('limits, short reads and aborts are typed errors', async () => {
  const reader = bytesReader(large)
  const read = (limits: object) => collect(readRows(reader, { limits }))
  for (const limits of [{ footerBytes: 100 }, { groupBytes: 1000 }, { decompressedBytes: 1000 }, { rows: 24_999 }]) {
    await expect(read(limits)).rejects.toMatchObject({ code: 'CORRUPT_PARQUET' })
  }
  const short = { bytes: large.length, read: () => Promise.resolve(new Uint8Array(5)) }
  await expect(lookupUris(short, ['u'])).rejects.toMatchObject({ code: 'SHORT_READ', retryable: true })
  await expect(lookupUris(reader, ['u'], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
  const stop = new AbortController()
  const rows = readRows(reader, { signal: stop.signal })
  await rows.next()
  stop.abort()
  await expect(collect(rows)).rejects.toMatchObject({ code: 'ABORTED' })
})

test.each([0, 5, 11, 12, 100])('%i bytes of nothing are no file', async (length) => {
  await expect(collect(readRows(bytesReader(new Uint8Array(length))))).rejects.toMatchObject({
    code: 'CORRUPT_PARQUET',
  })
})

test('an empty partition is a file without rows', async () => {
  expect(await collect(readRows(bytesReader(await bytesOf([]))))).toEqual([])
})

test('property: damaged files give rows or CORRUPT_PARQUET, never another error', async () => {
  const edit = fc.record({ at: fc.nat(), value: fc.nat(255) })
  const footer = small.length - 8 - Buffer.from(small).readUInt32LE(small.length - 8)
  const place = fc.constantFrom({ from: 0, to: footer }, { from: footer, to: small.length }, { from: 0, to: 400 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      place,
      fc.boolean(),
      async (edits, { from, to }, cut) => {
        const bytes = Uint8Array.from(small)
        for (const { at, value } of edits) bytes[from + (at % (to - from))] = value
        const damaged = cut ? bytes.subarray(edits[0]!.at % 50) : bytes
        await toleratesDamage(collect(readRows(bytesReader(damaged))))
        await toleratesDamage(lookupUris(bytesReader(damaged), [tweet(3).uri], { columns: 'all' }))
      },
    ),
    { numRuns: 500 },
  )
}, 120_000)

test('property: any bytes before a valid end are refused or read, never more', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 4, maxLength: 300 }), async (junk) => {
      const end = Buffer.alloc(8)
      end.writeUInt32LE(junk.length - 4)
      end.write('PAR1', 4)
      await toleratesDamage(collect(readRows(bytesReader(Buffer.concat([junk, end])))))
    }),
    { numRuns: 1000 },
  )
})

async function toleratesDamage(attempt: Promise<unknown>): Promise<void> {
  const error: unknown = await attempt.then(
    () => null,
    (cause: unknown) => cause,
  )
  if (error !== null && !(DatasetError.is(error) && error.code === 'CORRUPT_PARQUET')) throw error
}
