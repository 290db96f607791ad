import { afterEach, beforeEach, expect, test } from 'vitest'

import { type DevHub, startHub } from '@sluice/dev-hub'
import { createHuggingFaceBackend } from '../src/huggingface/backend.ts'
import type { DatasetCard } from '../src/huggingface/card-facts.ts'
import { updateDatasetCard } from '../src/huggingface/card.ts'
import { codeOf, listAll, objectOf, putAll } from '../src/port/contract-calls.ts'

let hub: DevHub
const options = (): { repository: string; token: string; hubUrl: string; sleep: () => Promise<void> } => ({
  repository: 'alice/data',
  token: 'hf_alice',
  hubUrl: hub.url,
  sleep: async () => {},
})
const card: DatasetCard = {
  hotkey: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
  netuid: 13,
  sources: ['x', 'reddit'],
  totalRows: 200,
  startDate: '2025-01-01T00:00:00Z',
  endDate: '2025-01-02T00:00:00Z',
  updatedAt: '2025-01-03T00:00:00Z',
  topics: [
    { topic: '#bitcoin', type: 'hashtag', count: 50 },
    { topic: '</td><script>alert(1)</script>|[x](javascript:y)\n# Title', type: 'hashtag', count: 3 },
  ],
}
const read = async (path: string): Promise<string> =>
  await (await fetch(`${hub.url}/datasets/alice/data/resolve/main/${path}`)).text()
const commitCount = async (): Promise<number> =>
  Number((await fetch(`${hub.url}/api/datasets/alice/data/commits/main`)).headers.get('x-total-count'))

beforeEach(async () => {
  hub = await startHub({ users: [{ name: 'alice', token: 'hf_alice' }] })
})

afterEach(async () => {
  await hub.close()
})

test('writes the card and the figures once per change, and carries the history on', async () => {
  expect(await codeOf(updateDatasetCard(options(), card))).toBe('NOT_FOUND')
  await putAll(createHuggingFaceBackend(options()), [objectOf('source=x/a.parquet', 'x')])
  expect(await updateDatasetCard(options(), card)).toMatch(/^[0-9a-f]{40}$/)
  expect(await updateDatasetCard(options(), { ...card, updatedAt: '2025-01-04T00:00:00Z' })).toBeNull()
  await updateDatasetCard(options(), { ...card, totalRows: 260, updatedAt: '2025-01-05T00:00:00Z' })
  expect(JSON.parse(await read('stats.json'))).toMatchObject({
    version: '2.0.0',
    data_source: 'x,reddit',
    summary: {
      total_rows: 260,
      last_update_dt: '2025-01-05T00:00:00Z',
      start_dt: card.startDate,
      end_dt: card.endDate,
      update_history: [
        { timestamp: '2025-01-03T00:00:00Z', count: 200 },
        { timestamp: '2025-01-05T00:00:00Z', count: 60 },
      ],
    },
    topics: [
      { topic: '#bitcoin', topic_type: 'hashtag', total_count: 50, total_percentage: 19.23 },
      { total_count: 3 },
    ],
  })
  const text = await read('README.md')
  expect(text).toMatch(/^---\nlicense: mit\n/)
  expect(text).toContain('data_files: "source=x/**/*.parquet"')
  expect(text).toContain(String.raw`| 2025-01-05T00\:00\:00Z | 60 | 260 |`)
  expect(text).toContain(String.raw`| 2025-01-03T00\:00\:00Z | 200 | 200 |`)
  expect(text).not.toMatch(/<script|^# Title|]\(/m)
  expect(await commitCount()).toBe(4)
  expect((await listAll(createHuggingFaceBackend(options()), '')).map(({ key }) => key)).toEqual(['source=x/a.parquet'])
})

test('reads again when another writer was faster, and makes no second commit for a lost answer', async () => {
  const backend = createHuggingFaceBackend(options())
  await putAll(backend, [objectOf('a.parquet', 'x')])
  // The address by name takes the second writer out of this process's queue, as another machine would be.
  const other = { ...options(), hubUrl: hub.url.replace('127.0.0.1', 'localhost') }
  const raced = await Promise.all([
    updateDatasetCard(options(), card),
    updateDatasetCard(other, { ...card, totalRows: 300 }),
  ])
  expect(raced.every((id) => id !== null)).toBe(true)
  const stats = JSON.parse(await read('stats.json')) as {
    summary: { total_rows: number; update_history: { count: number }[] }
  }
  expect(stats.summary.update_history).toHaveLength(2)
  expect(stats.summary.update_history.reduce((sum, { count }) => sum + count, 0)).toBe(stats.summary.total_rows)
  const before = await commitCount()
  hub.faults.add({ path: /\/commit\//, times: 1, kind: 'lost-reply' })
  expect(await updateDatasetCard(options(), { ...card, totalRows: 400 })).toBeNull()
  expect(await commitCount()).toBe(before + 1)
})
