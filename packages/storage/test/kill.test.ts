import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { addRows, createTestMiner, manyRows, type TestMiner } from './miner.ts'

let miner: TestMiner
beforeEach(async () => {
  miner = await createTestMiner()
})
afterEach(() => miner.close())

/** A repeatable series of numbers in 0..1 (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const entry = fileURLToPath(new URL('./kill-entry.ts', import.meta.url))

/** Runs one cycle in a child; kills it `after` ms after its start-up, when given. */
async function cycle(percentage: number, after: number | null): Promise<number | null> {
  const args = ['--import', 'tsx', '--conditions=@sluice/source', entry, miner.root, String(percentage)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit') as Promise<[number | null]>
  if (after !== null) {
    await Promise.race([once(child.stdout, 'data'), exit])
    await new Promise((resolve) => setTimeout(resolve, after))
    child.kill('SIGKILL')
  }
  return (await exit)[0]
}

it('survives SIGKILL at ten random moments without losing or repeating a row', { timeout: 600_000 }, async () => {
  const random = seeded(20_261_121)
  let killed = 0
  for (let run = 0; run < 10; run++) {
    addRows(miner.db, manyRows(400, run * 400)) // every run finds hours that changed
    const code = await cycle(run % 3 === 2 ? 100 : 0, Math.floor(random() * 700))
    if (code === null) killed++
  }
  expect(killed).toBeGreaterThan(0)
  for (const [backend, percentage] of [
    ['s3', 100],
    ['huggingface', 0],
  ] as const) {
    expect(await cycle(percentage, null)).toBe(0)
    expect(await miner.uris(backend)).toEqual(miner.sourceUris())
    const listed = (await miner.manifest(backend))?.files.map((file) => file.path)
    expect((await miner.objects(backend)).filter((key) => key.endsWith('.parquet'))).toEqual(listed)
  }
})
