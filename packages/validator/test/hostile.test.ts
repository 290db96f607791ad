import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageBackend } from '@sluice/backends'
import { MANIFEST_KEY } from '@sluice/dataset'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSeenManifests } from '../src/check/manifest-history.ts'
import { ValidatorError } from '../src/errors.ts'
import { hour, netuid, openScene, put, readBytes, rowsOf, type Scene, sha256Of } from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene.close())

describe('manifests', () => {
  test.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['empty', () => new Uint8Array()],
    ['no JSON', () => Buffer.from('<html>hotel wifi</html>')],
    ['JSON of another kind', () => Buffer.from('{"files":[]}')],
    ['deep', () => Buffer.from('['.repeat(100_000))],
    ['tampered with', (bytes) => Buffer.from(bytes.toString().replace(/"payload":"(.)(.)/, '"payload":"$2$1'))],
    ['cut', (bytes) => bytes.subarray(0, -20)],
  ])('%s is corrupt, for every URI', async (_, spoil) => {
    const miner = await scene.miner('//Miner//0')
    const s3 = scene.tree(miner, 's3')
    const rows = rowsOf(5)
    await scene.manifest(s3, miner, [await scene.part(s3, rows)])
    await writeFile(join(s3.folder, MANIFEST_KEY), spoil(await readBytes(s3, MANIFEST_KEY)))
    const validator = await scene.validator()
    const report = await validator.validateMinerData(
      miner.address,
      rows.map(({ uri }) => ({ uri })),
    )
    for (const verdict of report.verdicts) expect(verdict).toMatchObject({ verdict: 'corrupt', conflict: true })
    expect(report.s3).toMatchObject({ manifest: 'corrupt', requests: 0, files: 0 })
    expect(report.problems.length).toBeGreaterThan(0)
  })

  test('of another hotkey, subnet or backend is corrupt', async () => {
    const miner = await scene.miner('//Miner//0')
    const other = await scene.miner('//Miner//1')
    const s3 = scene.tree(miner, 's3')
    const rows = rowsOf(5)
    const files = [await scene.part(s3, rows)]
    const validator = await scene.validator()
    const check = async () => (await validator.validateMinerData(miner.address, [{ uri: rows[0]!.uri }])).verdicts[0]
    await scene.manifest(s3, other, files)
    expect(await check()).toMatchObject({ verdict: 'corrupt' })
    await scene.manifest(s3, miner, files, { netuid: netuid + 1 })
    expect(await check()).toMatchObject({ verdict: 'corrupt' })
    await scene.manifest(s3, miner, files, { backend: 'huggingface' })
    expect(await check()).toMatchObject({ verdict: 'corrupt' })
    await scene.manifest(s3, miner, files)
    expect(await check()).toMatchObject({ verdict: 'valid' })
  })

  test('going back and signing twice are reported, also by the next process', async () => {
    const miner = await scene.miner('//Miner//0')
    const s3 = scene.tree(miner, 's3')
    const [old, recent] = [rowsOf(5), rowsOf(5, 2, hour + 1)]
    const files = [await scene.part(s3, old), await scene.part(s3, recent)]
    const stateFile = join(scene.base, 'seen.json')
    const problems = async () => {
      const validator = await scene.validator({ seen: await openSeenManifests(stateFile) })
      return (await validator.validateMinerData(miner.address, [{ uri: old[0]!.uri }])).problems
    }
    await scene.manifest(s3, miner, files, { sequence: 7 })
    expect(await problems()).toEqual([])
    await scene.manifest(s3, miner, files, { sequence: 7 }) // signed again, same content
    expect(await problems()).toEqual([])
    await scene.manifest(s3, miner, files.slice(0, 1), { sequence: 7 })
    expect(await problems()).toEqual([expect.stringContaining('sequence 7')])
    await scene.manifest(s3, miner, files, { sequence: 6 })
    expect(await problems()).toEqual([expect.stringContaining('from sequence 7 to 6')])
    await scene.manifest(s3, miner, files, { sequence: 8 })
    expect(await problems()).toEqual([])
  })

  test('many checks at the same time share one state file', async () => {
    const stateFile = join(scene.base, 'shared.json')
    const validator = await scene.validator({ seen: await openSeenManifests(stateFile) })
    const miners = await Promise.all(
      Array.from({ length: 12 }, async (_, at) => {
        const miner = await scene.miner(`//Miner//${at}`)
        const s3 = scene.tree(miner, 's3')
        await scene.manifest(s3, miner, [], { sequence: at + 1 })
        return miner
      }),
    )
    await Promise.all(miners.map(({ address }) => validator.validateMinerData(address, [])))
    const kept = await openSeenManifests(stateFile)
    expect(miners.map(({ address }) => kept.get(address, 's3')?.sequence)).toEqual(miners.map((_, at) => at + 1))
  })

  test('a state file that cannot be written is told beside the verdicts', async () => {
    const miner = await scene.miner('//Miner//0')
    await scene.manifest(scene.tree(miner, 's3'), miner, [])
    const validator = await scene.validator({ seen: await openSeenManifests(join(scene.base, 'nowhere', 'seen.json')) })
    expect((await validator.validateMinerData(miner.address, [])).problems.join()).toContain('cannot be written')
    expect((await validator.monitorStorageUsage()).warnings.join()).toContain('cannot be written')
  })

  test('a state file that is something else is refused, not overwritten', async () => {
    const stateFile = join(scene.base, 'other.json')
    await writeFile(stateFile, '{"a":1}')
    await expect(openSeenManifests(stateFile)).rejects.toMatchObject({ code: 'BAD_INPUT' })
  })
})

describe('limits', () => {
  test('bytes, files and time of a miner are capped, and a cap never counts against it', async () => {
    const miner = await scene.miner('//Miner//0')
    const s3 = scene.tree(miner, 's3')
    const hours = Array.from({ length: 6 }, (_, i) => rowsOf(20, 2, hour + i))
    const files = []
    for (const rows of hours) files.push(await scene.part(s3, rows))
    await scene.manifest(s3, miner, files)
    const oldest = { uri: hours[0]![0]!.uri }
    const judge = async (limits: object) => {
      const validator = await scene.validator({ limits, samples: 0 })
      return (await validator.validateMinerData(miner.address, [oldest])).verdicts[0]
    }
    expect(await judge({})).toMatchObject({ verdict: 'valid' })
    expect(await judge({ filesPerUri: 3 })).toMatchObject({ verdict: 'unknown', s3: { verdict: 'unreachable' } })
    expect(await judge({ rangeBytes: 4000 })).toMatchObject({ verdict: 'unknown', s3: { verdict: 'unreachable' } })
  })

  test('a store that never answers is cut at the deadline', async () => {
    const miner = await scene.miner('//Miner//0')
    const backend: Pick<StorageBackend, 'open'> = {
      open: (_key, _range, options) =>
        new Promise((_, reject) => {
          options?.signal?.addEventListener('abort', () => reject(new Error('cut')))
        }),
    }
    scene.places.set(miner.address, { s3: { kind: 'open', backend, missingRoot: 'unreachable' } })
    const validator = await scene.validator({ limits: { milliseconds: 50 } })
    const report = await validator.validateMinerData(miner.address, [{ uri: 'https://x.com/1' }])
    expect(report.verdicts[0]).toMatchObject({ verdict: 'unknown', s3: { verdict: 'unreachable' } })
    const signal = AbortSignal.abort()
    await expect(validator.validateMinerData(miner.address, [{ uri: 'u' }], { signal })).rejects.toMatchObject({
      code: 'ABORTED',
    })
  })

  test('a manifest that claims an enormous file costs nothing', async () => {
    const miner = await scene.miner('//Miner//0')
    const s3 = scene.tree(miner, 's3')
    const rows = rowsOf(5)
    const file = await scene.part(s3, rows)
    await scene.manifest(s3, miner, [{ ...file, bytes: Number.MAX_SAFE_INTEGER }])
    const validator = await scene.validator()
    const report = await validator.validateMinerData(miner.address, [{ uri: rows[0]!.uri }])
    expect(report.verdicts[0]).toMatchObject({ verdict: 'corrupt' })
    expect(report.s3.samples).toEqual([])
  })

  test('random bytes under a signed name never count as valid', async () => {
    const miner = await scene.miner('//Miner//0')
    const s3 = scene.tree(miner, 's3')
    for (let seed = 1; seed <= 30; seed++) {
      const data = new Uint8Array(2000).map((_, i) => (Math.imul(seed * 2654435761 + i, 40503) >>> 8) & 0xff)
      data.set(Buffer.from('PAR1'), 1996)
      data.set([seed * 40, 0, 0, 0], 1992)
      const sha256 = sha256Of(data)
      const path = `source=x/bucket=${hour}/part-1of1-${sha256.slice(0, 16)}.parquet`
      await put(s3.backend, { key: path, bytes: 2000, sha256, source: { data } })
      await scene.manifest(s3, miner, [{ path, bytes: 2000, sha256, rows: 1, source: 'x', hour }])
      const validator = await scene.validator()
      const report = await validator.validateMinerData(miner.address, [{ uri: 'https://x.com/1' }])
      expect(report.verdicts[0]?.verdict).toBe('corrupt')
    }
  })
})

test.each([
  [[{ uri: '' }]],
  [[{ source: 1 }]],
  [[{ uri: 'u', source: -1 }]],
  [[{ uri: 'u', source: 'X/../..' }]],
  [[{ uri: 'u', datetime: 'yesterday' }]],
  [[{ uri: 'u', timeBucketId: 1.5 }]],
  [[null]],
])('bad entities are refused before anything is read: %j', async (entities) => {
  const miner = await scene.miner('//Miner//0')
  const validator = await scene.validator()
  const error = await validator.validateMinerData(miner.address, entities as never).catch((error: unknown) => error)
  expect(ValidatorError.is(error)).toBe(true)
  expect(error).toMatchObject({ code: 'BAD_INPUT' })
})

test('a hotkey without UID is an error, not a verdict', async () => {
  const validator = await scene.validator()
  await expect(validator.validateMinerData('5Nobody', [{ uri: 'u' }])).rejects.toMatchObject({ code: 'NOT_REGISTERED' })
})
