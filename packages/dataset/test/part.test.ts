import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lookupUris, readRows, writePart } from '../src/index.ts'
import { bytesReader, collect, sortedRows, tweet } from './rows.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-dataset-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

test('a written partition is read back, row by row and by URI', async () => {
  const rows = sortedRows(Array.from({ length: 500 }, (_, i) => tweet(i)))
  const part = await writePart({ directory, source: 2, bucket: 480_000, part: 1, of: 1, rows })
  expect(part.rows).toBe(500)
  expect(await readdir(directory)).toHaveLength(1)
  const reader = bytesReader(await readFile(part.path))
  const read = await collect(readRows(reader))
  expect(read.map((row) => row['uri'])).toEqual(rows.map((row) => row.uri))
  const looked = await lookupUris(reader, [rows[7]!.uri, 'https://x.com/nobody/status/0'])
  expect([...looked.found.keys()]).toEqual([rows[7]!.uri])
})
