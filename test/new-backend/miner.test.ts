import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createMemoryBackend, readAll } from '@sluice/backends'
import { MANIFEST_KEY, openManifest } from '@sluice/dataset'
import { hotkeyPrefix } from '@sluice/hotkey'
import { createStorageFromConfig, type StorageOptions } from '@sluice/storage'
import { afterAll, expect, test } from 'vitest'
import { createArchive } from './archive.ts'
import { openMiner } from './miner.ts'
import { startSubnet } from '../subnet.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sluice-new-backend-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the page is short, and shows these files as they are', () => {
  const page = readFileSync(join(here, '../../docs/new-backend.md'), 'utf8')
  expect(page.trimEnd().split('\n').length).toBeLessThan(120)
  const blocks = [...page.matchAll(/^```ts\n\/\/ (\S+)\n([^]*?)^```$/gm)].map(([, name = '', code]) => [name, code])
  expect(blocks.map(([name]) => name)).toEqual(['archive.ts', 'archive.test.ts', 'miner.ts'])
  for (const [name = '', code] of blocks) expect(code).toBe(readFileSync(join(here, name), 'utf8'))
})

test('a miner fills it beside what the policy wants, and brings back from it what the bucket lost', async () => {
  const path = join(folder, 'archive.sqlite')
  const subnet = await startSubnet(1, 'direct', (options) => openMiner(options, path))
  const [miner] = subnet.miners
  try {
    const s3 = { bucketName: subnet.devnet.bucket, authEndpoint: 'https://auth.example/' }
    await subnet.publish({ useS3: true, useHuggingFace: true, s3, rolloutPercentage: 100 })
    miner!.addRows(30)
    const receipt = await miner!.storage.uploadData()
    expect(receipt).toMatchObject({ complete: true, failedAttempts: [], plan: { required: ['s3'] } })
    expect(new Set(receipt.copies.map((copy) => copy.backend))).toEqual(new Set(['s3', 'archive']))

    const archive = createArchive(path)
    const opened = await archive.open(MANIFEST_KEY)
    const bytes = (await readAll(opened!.body, 1e6))!
    const { manifest } = openManifest(bytes, { hotkey: miner!.hotkey, backend: 'archive' })
    const rows = manifest.files.reduce((sum, file) => sum + (file.rows ?? 0), 0)
    expect(rows).toBe(30)

    const inBucket = async (): Promise<string[]> => {
      const keys: string[] = []
      for await (const { key } of subnet.bucket.list(hotkeyPrefix(miner!.hotkey))) keys.push(key)
      return keys
    }
    const before = await inBucket()
    await subnet.bucket.delete(before)
    expect((await miner!.storage.uploadData()).complete).toBe(true)
    expect(await inBucket()).toEqual(before)
  } finally {
    await subnet.close()
  }
}, 120_000)

test.each(['s3', 'huggingface', 'Archive', ''])('the name %j is not free, or none', async (name) => {
  const target = { name, backend: createMemoryBackend(), identity: 'm', place: 'm' }
  const opened = createStorageFromConfig({
    chain: { read: async () => null },
    netuid: 13,
    hotkey: { address: 'x', publicKey: new Uint8Array(32), sign: () => new Uint8Array(64) },
    rows: { close: () => undefined } as unknown as NonNullable<StorageOptions['rows']>,
    stateFile: join(folder, `state-${name}`),
    additional: [target],
  })
  await expect(opened).rejects.toMatchObject({ code: 'BAD_SETTINGS' })
})
