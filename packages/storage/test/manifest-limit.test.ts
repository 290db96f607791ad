import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createMemoryBackend, type StorageBackend } from '@sluice/backends'
import { hotkeyFromUri } from '@sluice/chain'
import { type Manifest, type ManifestFile, MANIFEST_KEY, MAX_MANIFEST_BYTES, openManifest } from '@sluice/dataset'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { addRows, createTestMiner, type TestMiner } from './miner.ts'

let miner: TestMiner
beforeEach(async () => {
  miner = await createTestMiner()
})
afterEach(() => miner.close())

const sha256Of = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')
/** Files that are not there any more; their names make the list as long as is wanted. */
const missing: ManifestFile[] = Array.from({ length: 24_000 }, (_none, at) => {
  const path = `files/${`${'w'.repeat(230)}/`.repeat(4)}${String(at).padStart(5, '0')}`
  return { path, bytes: 0, sha256: '0'.repeat(64), rows: null, source: null, hour: null }
})

async function manifestIn(backend: StorageBackend): Promise<Manifest> {
  const opened = await backend.open(MANIFEST_KEY)
  const bytes = new Uint8Array(await new Response(opened?.body as never).arrayBuffer())
  return openManifest(bytes, { hotkey: miner.address, maxBytes: 2 ** 30 }).manifest
}

/** As it was sealed when twice as much was allowed; canonical, since keys and files are in order. */
async function sealAsBefore(manifest: Manifest): Promise<Uint8Array> {
  const hotkey = await hotkeyFromUri('//Miner//0')
  const payloadType = 'application/vnd.sluice.manifest+json'
  const sorted = (value: object): object =>
    Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  const files = [...manifest.files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ hour, ...file }) => sorted({ ...file, bucket: hour }))
  const payload = Buffer.from(JSON.stringify(sorted({ ...manifest, files })))
  const head = Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `)
  const sig = Buffer.from(await hotkey.sign(Buffer.concat([head, payload]))).toString('base64')
  const signatures = [{ keyid: hotkey.address, sig }]
  return Buffer.from(JSON.stringify({ payload: payload.toString('base64'), payloadType, signatures }))
}

it('a manifest between the former limit and this one is still read by its miner, which goes on from it', async () => {
  const backend = createMemoryBackend({ name: 'huggingface' })
  const options = { openTarget: async () => ({ name: 'huggingface', backend, identity: 'm', place: 'm' }) as const }
  addRows(miner.db, [{ uri: 'pruned', hour: 480_000 }])
  const before = await miner.open(options)
  expect((await before.uploadData()).complete).toBe(true)
  await before.close()
  rmSync(join(miner.root, 'state'), { recursive: true })

  const { files, sequence, ...rest } = await manifestIn(backend)
  const all = [...files, ...missing]
  const former = await sealAsBefore({ ...rest, sequence: sequence + 1, files: all })
  expect(former.length).toBeGreaterThan(MAX_MANIFEST_BYTES)
  const object = { key: MANIFEST_KEY, bytes: former.length, sha256: sha256Of(former), source: { data: former } }
  for await (const answer of backend.put([object])) expect(answer.ok).toBe(true)

  miner.db.exec('DELETE FROM DataEntity')
  addRows(miner.db, [{ uri: 'new', hour: 480_001 }])
  const receipt = await (await miner.open(options)).uploadData()
  expect(receipt).toMatchObject({ complete: true, copies: [{ rows: 1 }] })
  const after = await manifestIn(backend)
  expect(after).toMatchObject({ sequence: sequence + 2, previous: sha256Of(former) })
  expect(after.files.map((file) => file.hour)).toEqual([480_000, 480_001])
})

it('a manifest that cannot be made is told in each cycle, and is no fault of the backend’s', async () => {
  addRows(miner.db, [{ uri: 'one' }])
  const hotkey = { ...(await hotkeyFromUri('//Miner//0')), sign: () => new Uint8Array(64) }
  const storage = await miner.open({ hotkey, calls: { sleep: async () => undefined, breakAfter: 2 } })
  for (let cycle = 0; cycle < 4; cycle++) {
    const receipt = await storage.uploadData()
    expect(receipt.copies).toHaveLength(cycle === 0 ? 1 : 0)
    expect(receipt).toMatchObject({ complete: false, failedAttempts: [{ code: 'BAD_SIGNATURE' }] })
  }
})
