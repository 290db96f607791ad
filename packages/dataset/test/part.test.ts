import { mkdtemp, open, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFieldEncoding, readRows, shareOf, uriDigest, writePart } from '../src/index.ts'
import type { DataRow, FieldEncoding, PartFile } from '../src/index.ts'
import { createPendingFile } from '../src/format/part-file.ts'
import { HOUR, bytesReader, collect, row, sortedRows, tweet } from './rows.ts'

const encoding = createFieldEncoding({ publicKey: `${'AQ'.repeat(21)}E=`, privateKey: `${'Ag'.repeat(21)}I=` })

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-dataset-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

function write(
  rows: Iterable<DataRow> | AsyncIterable<DataRow>,
  over: { encoding?: FieldEncoding; source?: number } = {},
) {
  return writePart({ directory, source: 2, hour: HOUR, part: 1, of: 1, rows, ...over })
}
async function readBack(part: PartFile): Promise<Record<string, unknown>[]> {
  return collect(readRows(bytesReader(await readFile(part.path))))
}

test('the name, size and hash are those of the file, and the rows are counted', async () => {
  const part = await write(sortedRows(Array.from({ length: 50 }, (_, i) => tweet(i))))
  const bytes = await readFile(part.path)
  expect(part).toMatchObject({ rows: 50, bytes: bytes.length, source: 'x', hour: HOUR })
  expect(part.key).toBe(`source=x/bucket=${HOUR}/part-1of1-${part.sha256.slice(0, 16)}.parquet`)
  expect(await readdir(directory)).toHaveLength(1)
})

test('known answer: the bytes of a file do not change from version to version', async () => {
  const part = await write(sortedRows([tweet(1), tweet(2), tweet(3)]))
  expect(part.sha256).toMatchInlineSnapshot(`"0372d58c5ef418872c09a3f253cf54d29d54dcb63e37fd075b08bccf21edf2f2"`)
  const encoded = await write(sortedRows([tweet(1), tweet(2), tweet(3)]), { encoding })
  expect(encoded.sha256).toMatchInlineSnapshot(`"86217145d3d61bbe3173fba1970b02a66a453354b84863afe815580b31f4c902"`)
})

test('a tweet becomes the columns of the profile', async () => {
  const [record] = await readBack(
    await write([tweet(1, { view_count: 12, is_reply: false, media: ['m'], user_id: null })]),
  )
  expect(record).toMatchObject({
    uri_digest: Buffer.from(uriDigest(tweet(1).uri)),
    uri: tweet(1).uri,
    datetime: '2024-10-04T00:12:13Z',
    label: '#bittensor',
    content_size_bytes: tweet(1, { view_count: 12, is_reply: false, media: ['m'], user_id: null }).content.length,
    username: '@user1',
    text: 'tweet number 1 #bittensor',
    tweet_hashtags: ['#bittensor', '#tag1'],
    view_count: 12,
    is_reply: false,
    is_quote: null,
    media: ['m'],
    user_id: null,
    content: null,
  })
})

test('a Reddit post becomes the columns of the profile', async () => {
  const uri = 'https://www.reddit.com/r/bittensor_/comments/1/'
  const content = {
    id: 't3_1',
    url: uri,
    username: 'u',
    communityName: 'r/bittensor_',
    body: '',
    createdAt: '2024-10-04T00:12:00',
    dataType: 'post',
    title: 'T',
    parentId: null,
    media: null,
    is_nsfw: false,
    score: 3,
    upvote_ratio: 0.75,
    num_comments: 2,
  }
  const [record] = await readBack(await write([row(uri, content, { source: 1 })], { source: 1 }))
  expect(record).toMatchObject({
    text: '',
    communityName: 'r/bittensor_',
    upvote_ratio: 0.75,
    score: 3,
    content: null,
    id: 't3_1',
  })
})

test('what does not fit the profile stays whole in content', async () => {
  const odd: DataRow[] = [
    row('a', Buffer.from('no JSON')),
    row('b', Buffer.from([0xff, 0xfe, 0x00])),
    row('c', ['an', 'array']),
    row('d', { text: 'kept too', unknown_field: 1 }),
    row('e', { text: 5 }),
    row('f', { url: 'another' }),
    row('g', Buffer.from('{"text":"\\ud800"}')),
    row('h', { view_count: 2 ** 60 }),
    row('i', { tweet_hashtags: Array.from({ length: 101 }, () => '#') }),
    row('j', Buffer.from('{"__proto__":1}')),
    row('k', Buffer.alloc(0)),
    row('l', { username: 1 }),
  ]
  const records = await readBack(await write(sortedRows(odd)))
  for (const original of odd) {
    const record = records.find((entry) => entry['uri'] === original.uri)!
    expect(Buffer.compare(record['content'] as Uint8Array, original.content)).toBe(0)
  }
  expect(records.find((entry) => entry['uri'] === 'd')!['text']).toBe('kept too')
})

test('a source without a profile keeps its content', async () => {
  const part = await write([row('u', { any: 'thing' }, { source: 7, label: '' })], { source: 7 })
  expect(part.key).toContain('source=source-7/')
  const [record] = await readBack(part)
  expect(Object.keys(record!)).toEqual(['uri_digest', 'datetime', 'label', 'content_size_bytes', 'uri', 'content'])
  expect(record!['label']).toBe('')
})

test('with keys nothing that points to author or post is plain, and everything comes back', async () => {
  const rows = sortedRows([
    tweet(1, { tweet_id: '99', user_location: 'Here' }),
    row('https://secret', Buffer.from('secret text')),
  ])
  const part = await write(rows, { encoding })
  const records = await readBack(part)
  const decode = (key: 'public' | 'private', value: unknown) =>
    Buffer.from(encoding.decode(key, value as string)).toString()
  expect(records.map((record) => decode('private', record['url_encoded']))).toEqual(rows.map((entry) => entry.uri))
  const known = records.find((record) => record['username_encoded'] !== null)!
  expect(decode('public', known['username_encoded'])).toBe('@user1')
  expect(JSON.parse(decode('private', known['details_encoded']))).toEqual({ tweet_id: '99', user_location: 'Here' })
  const other = records.find((record) => record !== known)!
  expect(decode('private', other['content_encoded'])).toBe('secret text')
  const columns = Object.keys(known)
  for (const name of ['uri', 'username', 'tweet_id', 'content', 'media']) expect(columns).not.toContain(name)
})

test('a URI twice: equal rows are one, different ones are both kept, in any order of arrival', async () => {
  const first = row('same', { text: 'one' })
  const second = row('same', { text: 'two' })
  const third = row('same', { text: 'two' }, { label: null })
  const a = await write([first, second, first, third])
  const b = await write([third, second, second, first])
  expect(a.rows).toBe(3)
  expect(b.sha256).toBe(a.sha256)
  expect((await readBack(a)).map((record) => record['text'])).toEqual(['two', 'one', 'two'])
})

test('row groups have exactly 10,000 rows and the bloom filter does not change the rows', async () => {
  const rows = sortedRows(Array.from({ length: 20_001 }, (_, i) => row(`u${i}`, { text: String(i) })))
  const part = await write(rows)
  expect(part.rows).toBe(20_001)
  const records = await readBack(part)
  expect(records.map((record) => record['uri'])).toEqual(rows.map((entry) => entry.uri))
})

test('another reader, hyparquet, sees the same rows', async () => {
  const rows = sortedRows(
    Array.from({ length: 300 }, (_, i) => tweet(i, i % 2 ? { like_count: i, user_verified: i % 4 === 1 } : {})),
  )
  const part = await write(rows)
  const bytes = await readFile(part.path)
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  const theirs = await parquetReadObjects({ file, compressors, utf8: false })
  const ours = await readBack(part)
  const plain = (record: Record<string, unknown>) =>
    Object.entries(record).map(([key, value]) => [
      key,
      value instanceof Uint8Array
        ? Buffer.from(value).toString('hex')
        : typeof value === 'bigint'
          ? Number(value)
          : (value ?? null),
    ])
  expect(theirs.map(plain)).toEqual(ours.map(plain))
})

async function* arriving(rows: readonly DataRow[]): AsyncGenerator<DataRow> {
  for (const entry of rows) yield await Promise.resolve(entry)
}

test('property: every row comes back, and the same set gives the same bytes', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 })
  const json = fc.record(
    {
      text,
      username: text,
      tweet_hashtags: fc.array(text, { maxLength: 3 }),
      like_count: fc.maxSafeInteger(),
      is_quote: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  const content = fc.oneof({ weight: 4, arbitrary: json }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }) })
  const entry = fc.record({ uri: text, content, label: fc.option(text) })
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(entry, { selector: (e) => e.uri, maxLength: 30 }), async (entries) => {
      const rows = sortedRows(entries.map((e) => row(e.uri, e.content, { label: e.label })))
      const [part, again] = [await write(rows), await write(arriving(rows))]
      expect(again.sha256).toBe(part.sha256)
      const records = await readBack(part)
      expect(records).toHaveLength(rows.length)
      for (const [at, record] of records.entries()) {
        const original = entries.find((e) => e.uri === rows[at]!.uri)!
        expect(record).toMatchObject({
          uri: original.uri,
          label: original.label,
          content_size_bytes: rows[at]!.content.length,
        })
        if (record['content'] === null) {
          for (const [key, value] of Object.entries(original.content)) expect(record[key]).toEqual(value)
        } else expect(Buffer.compare(record['content'] as Uint8Array, rows[at]!.content)).toBe(0)
      }
    }),
    { numRuns: 60 },
  )
})

test('rows that do not belong here are refused and leave nothing', async () => {
  const [low, high] = sortedRows([tweet(1), tweet(2)]) as [DataRow, DataRow]
  const share = shareOf(uriDigest(low.uri), 2)
  const cases: [string, () => Promise<unknown>][] = [
    ['NOT_SORTED', () => write([high, low])],
    ['BAD_ROW', () => write([row('u', {}, { source: 1 })])],
    ['BAD_ROW', () => write([row('u', {}, { timeBucketId: 1 })])],
    ['BAD_ROW', () => write([row('u', {}, { contentSizeBytes: 0.5 })])],
    ['BAD_ROW', () => write([row('\ud800', {})])],
    ['BAD_ROW', () => write([row('u', new Uint8Array(32 * 1024 * 1024 + 1))])],
    ['WRONG_SHARE', () => writePart({ directory, source: 2, hour: HOUR, part: 2 - share, of: 2, rows: [low] })],
    ['BAD_KEY', () => writePart({ directory, source: 2, hour: HOUR, part: 3, of: 2, rows: [low] })],
    [
      'IO',
      () => writePart({ directory: join(directory, 'absent'), source: 2, hour: HOUR, part: 1, of: 1, rows: [low] }),
    ],
  ]
  for (const [code, attempt] of cases) await expect(attempt()).rejects.toMatchObject({ code })
  expect(await readdir(directory)).toEqual([])
})

test('an abort or a failing source leaves nothing', async () => {
  const stop = new AbortController()
  async function* rows() {
    for (const entry of sortedRows(Array.from({ length: 100 }, (_, i) => tweet(i)))) yield await Promise.resolve(entry)
    stop.abort(new Error('enough'))
  }
  const attempt = writePart({ directory, source: 2, hour: HOUR, part: 1, of: 1, rows: rows(), signal: stop.signal })
  await expect(attempt).rejects.toMatchObject({ code: 'ABORTED', retryable: true })
  function* broken() {
    yield tweet(1)
    throw new Error('database is gone')
  }
  await expect(write(broken())).rejects.toThrow('database is gone')
  expect(await readdir(directory)).toEqual([])
})

test('a full disk is a typed error', async () => {
  // /dev/full answers every write with ENOSPC, as a full disk does.
  const file = await createPendingFile(directory, () => open('/dev/full', 'w'))
  await expect(file.write(Buffer.alloc(10))).rejects.toMatchObject({ code: 'NO_SPACE', retryable: true })
  await file.discard()
  expect(await readdir(directory)).toEqual([])
})

test('one very large row is written and read', async () => {
  const big = Buffer.alloc(20 * 1024 * 1024, 'x')
  const part = await write([row('u', big)])
  const [record] = await readBack(part)
  expect(Buffer.compare(record!['content'] as Uint8Array, big)).toBe(0)
  expect((await stat(part.path)).size).toBeLessThan(big.length)
})
