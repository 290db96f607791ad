import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BackendName } from '@sluice/rollout'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { addRows, createTestMiner, manyRows, newRoot, s3Policy, type TestMiner } from './miner.ts'

/** The folder as it is before or after any call of a backend is what a kill at that moment leaves behind. */
let miner: TestMiner
beforeEach(async () => {
  miner = await createTestMiner()
})
afterEach(() => miner.close())

/** Runs `work` and copies the miner's folder at every step of a backend. */
async function copyAtEveryStep(work: () => Promise<unknown>): Promise<string[]> {
  const roots: string[] = []
  const copy = (): void => {
    const root = newRoot()
    cpSync(miner.root, root, { recursive: true })
    roots.push(root)
  }
  miner.s3.fault = copy
  miner.hub.fault = copy
  await work()
  miner.s3.fault = null
  miner.hub.fault = null
  return roots
}

/** A new process over the copy: one cycle makes everything whole, the next finds nothing to do. */
async function expectWhole(root: string, percentage: number, backend: BackendName): Promise<void> {
  const revived = await createTestMiner('//Miner//0', root)
  revived.policy = s3Policy(percentage)
  try {
    const storage = await revived.open()
    expect(await storage.uploadData()).toMatchObject({ complete: true, failedAttempts: [] })
    expect(await revived.uris(backend)).toEqual(revived.sourceUris())
    const listed = (await revived.manifest(backend))?.files.map((file) => file.path)
    expect((await revived.objects(backend)).filter((key) => key !== 'manifest.json' && key !== 'README.md')).toEqual(
      listed,
    )
    expect(await storage.uploadData()).toMatchObject({ complete: true, copies: [] })
    expect(
      readdirSync(join(root, 'state', 'miner.sqlite.spool'), { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      ),
    ).toEqual([])
  } finally {
    await revived.close()
  }
}

it(
  'a crash between any two steps of a first cycle, a change, an entry and a return loses nothing',
  { timeout: 120_000 },
  async () => {
    const storage = await miner.open({ limits: { batchFiles: 6, recheckShare: 0 } })
    let at = 0
    for (const [percentage, backend] of [
      [0, 'huggingface'],
      [0, 'huggingface'],
      [100, 's3'],
      [0, 'huggingface'],
    ] as const) {
      addRows(miner.db, manyRows(30, 30 * at++))
      miner.policy = s3Policy(percentage)
      const roots = await copyAtEveryStep(() => storage.uploadData())
      expect(roots.length).toBeGreaterThan(4)
      for (const root of roots) await expectWhole(root, percentage, backend)
    }
  },
)
