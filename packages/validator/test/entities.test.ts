import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEntitiesFile } from '../src/command/entities-file.ts'
import { readEntities } from '../src/check/entity.ts'
import { readRepositoriesFile } from '../src/command/repositories-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-entities-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function file(text: string): Promise<string> {
  const path = join(folder, `file-${process.hrtime.bigint()}`)
  await writeFile(path, text)
  return path
}

test('CSV and JSON lines say the same', async () => {
  const csv =
    '\uFEFFuri,source,time_bucket_id,datetime\r\n"https://x.com/""a"",b",2,489000,\r\nhttps://r.com,reddit,,2026-01-01\n'
  const lines =
    '{"uri":"https://x.com/\\"a\\",b","source":2,"timeBucketId":489000}\n\n{"uri":"https://r.com","source":"reddit","datetime":"2026-01-01","label":null}\n'
  const expected = [
    { uri: 'https://x.com/"a",b', source: 2, timeBucketId: 489_000 },
    { uri: 'https://r.com', source: 'reddit', datetime: '2026-01-01' },
  ]
  expect(await readEntitiesFile(await file(csv))).toEqual(expected)
  expect(await readEntitiesFile(await file(lines))).toEqual(expected)
  expect(await readEntitiesFile(await file('uri\n'))).toEqual([])
})

test.each(['', 'url,source\nx,1\n', 'uri\n"open', '{"uri":"a"}\nnot json\n', '{"uri":"a"}\n7\n'])(
  '%j is refused',
  async (text) => {
    await expect(readEntitiesFile(await file(text))).rejects.toMatchObject({ code: 'BAD_INPUT' })
  },
)

test('any URI survives CSV', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 5 }),
      async (uris) => {
        const csv = `uri,source\n${uris.map((uri) => `"${uri.replaceAll('"', '""')}",x`).join('\n')}\n`
        expect(await readEntitiesFile(await file(csv))).toEqual(uris.map((uri) => ({ uri, source: 'x' })))
      },
    ),
    { numRuns: 50 },
  )
})

test('hints become what keys say; dates with and without zone', () => {
  const hourOf = (datetime: string) => readEntities([{ uri: 'u', datetime }])[0]?.hour
  expect(hourOf('1970-01-02T01:30:00Z')).toBe(25)
  expect(hourOf('1970-01-02 01:30:00')).toBe(25)
  expect(hourOf('1970-01-02T01:30:00+02:00')).toBe(23)
  expect(hourOf('1970-01-02 01:30:00.123456+00:00')).toBe(25)
  expect(
    readEntities([{ uri: 'u', source: 1 }, { uri: 'u', source: 77 }, { uri: 'u' }]).map(({ source }) => source),
  ).toEqual(['reddit', 'source-77', null])
})

test('a date without zone is UTC whatever the machine thinks', () => {
  const before = process.env['TZ']
  process.env['TZ'] = 'Pacific/Kiritimati'
  try {
    expect(readEntities([{ uri: 'u', datetime: '1970-01-02 01:30:00' }])[0]?.hour).toBe(25)
    expect(readEntities([{ uri: 'u', datetime: '1970-01-02' }])[0]?.hour).toBe(24)
  } finally {
    if (before === undefined) delete process.env['TZ']
    else process.env['TZ'] = before
  }
})

test('repositories by hand are checked', async () => {
  expect(await readRepositoriesFile(await file('{"5F":"user/data_5F"}'))).toEqual(new Map([['5F', 'user/data_5F']]))
  for (const text of ['[]', '{"5F":"https://evil"}', '{"5F":1}', '{']) {
    await expect(readRepositoriesFile(await file(text))).rejects.toMatchObject({ code: 'BAD_INPUT' })
  }
})
