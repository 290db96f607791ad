import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BackendError, type StorageBackend } from '@sluice/backends'
import { shareOf, uriDigest } from '@sluice/dataset'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hour, openScene, readBytes, rowsOf, type Scene, put, sha256Of } from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene.close())

const unreachable = (
  code: 'UNAVAILABLE' | 'UNAUTHORIZED' | 'NOT_FOUND' | 'THROTTLED',
): Pick<StorageBackend, 'open'> => ({
  open: () => Promise.reject(new BackendError(code, `simulated ${code}`, { retryable: true })),
})

describe('one miner', () => {
  test('is found in S3, in HuggingFace, in both, with every kind of hint', async () => {
    const miner = await scene.miner('//Miner//0')
    const [s3, hub] = [scene.tree(miner, 's3'), scene.tree(miner, 'huggingface')]
    const early = rowsOf(50, 2, hour)
    const late = rowsOf(50, 1, hour + 1)
    await scene.manifest(s3, miner, [await scene.part(s3, early)])
    await scene.manifest(hub, miner, [await scene.part(hub, early), await scene.part(hub, late)])
    const validator = await scene.validator()
    const [first, second] = [early[7]!, late[7]!]
    const report = await validator.validateMinerData(miner.address, [
      { uri: first.uri, source: 2, timeBucketId: hour },
      { uri: first.uri, source: 'x', datetime: first.datetime },
      { uri: first.uri, datetime: first.datetime.replace('T', ' ').replace('.000Z', '') },
      { uri: first.uri },
      { uri: second.uri, source: 1, timeBucketId: hour + 1 },
      { uri: 'https://x.com/never/posted' },
      { uri: first.uri, source: 'reddit', timeBucketId: hour },
    ])
    expect(report.verdicts.map(({ verdict, s3, huggingface }) => [verdict, s3.verdict, huggingface.verdict])).toEqual([
      ['valid', 'valid', 'valid'],
      ['valid', 'valid', 'valid'],
      ['valid', 'valid', 'valid'],
      ['valid', 'valid', 'valid'],
      ['valid', 'absent', 'valid'],
      ['absent', 'absent', 'absent'],
      ['absent', 'absent', 'absent'],
    ])
    expect(report.verdicts.some(({ conflict }) => conflict)).toBe(false)
    expect(report.coverage).toMatchObject({
      files: 2,
      rows: 100,
      missing: { s3: 1, huggingface: 0 },
      newestHour: { s3: hour, huggingface: hour + 1 },
    })
    expect(report.s3.samples).toMatchObject([{ verdict: 'valid' }])
    expect(report.problems).toEqual([])
  })

  test('costs at most 2 requests and 256 KiB per URI when source and hour are known', async () => {
    const miner = await scene.miner('//Miner//0')
    const s3 = scene.tree(miner, 's3')
    const rows = rowsOf(30_000)
    const shares = [0, 1].map((share) => rows.filter((row) => shareOf(uriDigest(row.uri), 2) === share))
    const files = [await scene.part(s3, shares[0]!, 1, 2), await scene.part(s3, shares[1]!, 2, 2)]
    await scene.manifest(s3, miner, files)
    const validator = await scene.validator({ samples: 0 })
    for (const row of [rows[0]!, rows[15_000]!, rows[29_999]!]) {
      const report = await validator.validateMinerData(miner.address, [{ uri: row.uri, source: 2, timeBucketId: hour }])
      expect(report.verdicts[0]?.verdict).toBe('valid')
      expect(report.s3.requests).toBeLessThanOrEqual(2)
      expect(report.s3.bytesRead).toBeLessThanOrEqual(256 * 1024)
      expect(report.s3.bytesRead).toBeGreaterThan(0)
    }
    const report = await validator.validateMinerData(miner.address, [{ uri: rows[5]!.uri }])
    expect(report.verdicts[0]?.verdict).toBe('valid')
  })

  test('after the sunset block HuggingFace alone no longer counts', async () => {
    const miner = await scene.miner('//Miner//0')
    const hub = scene.tree(miner, 'huggingface')
    const rows = rowsOf(20)
    await scene.manifest(hub, miner, [await scene.part(hub, rows)])
    const validator = await scene.validator()
    const check = async () => await validator.validateMinerData(miner.address, [{ uri: rows[0]!.uri }])
    scene.subnet.policy = { ...scene.subnet.policy, hfSunsetBlock: 1001 }
    expect((await check()).verdicts[0]?.verdict).toBe('valid')
    scene.subnet.block = 1001
    const report = await check()
    expect(report.huggingFaceCounts).toBe(false)
    expect(report.verdicts[0]).toMatchObject({ verdict: 'absent', huggingface: { verdict: 'valid' } })
  })

  test.each(['UNAVAILABLE', 'UNAUTHORIZED', 'THROTTLED', 'NOT_FOUND'] as const)(
    'a store that answers %s leaves the verdict open, and the other backend still counts',
    async (code) => {
      const miner = await scene.miner('//Miner//0')
      const hub = scene.tree(miner, 'huggingface')
      const rows = rowsOf(20)
      await scene.manifest(hub, miner, [await scene.part(hub, rows)])
      const s3 = { kind: 'open', backend: unreachable(code), missingRoot: 'unreachable' } as const
      scene.places.set(miner.address, { ...scene.places.get(miner.address), s3 })
      const validator = await scene.validator()
      const report = await validator.validateMinerData(miner.address, [{ uri: rows[0]!.uri }, { uri: 'https://none' }])
      expect(report.verdicts.map(({ verdict }) => verdict)).toEqual(['valid', 'unknown'])
      expect(report.verdicts[1]?.s3).toMatchObject({ verdict: 'unreachable', reason: expect.stringContaining(code) })
    },
  )

  test('a repository that is not there is absence', async () => {
    const miner = await scene.miner('//Miner//0')
    const huggingface = { kind: 'open', backend: unreachable('NOT_FOUND'), missingRoot: 'absent' } as const
    scene.places.set(miner.address, { huggingface })
    const validator = await scene.validator()
    const report = await validator.validateMinerData(miner.address, [{ uri: 'https://none' }])
    expect(report.verdicts[0]).toMatchObject({ verdict: 'absent', conflict: false })
  })

  test('a file that the manifest names but nobody has is absent', async () => {
    const miner = await scene.miner('//Miner//0')
    const s3 = scene.tree(miner, 's3')
    const rows = rowsOf(20)
    const file = await scene.part(s3, rows)
    await scene.manifest(s3, miner, [file])
    await rm(join(s3.folder, file.path))
    const validator = await scene.validator({ samples: 0 })
    const report = await validator.validateMinerData(miner.address, [
      { uri: rows[0]!.uri, source: 2, timeBucketId: hour },
    ])
    expect(report.verdicts[0]).toMatchObject({ verdict: 'absent', s3: { verdict: 'absent', path: file.path } })
  })

  test('a manifest replaced during the check is read again', async () => {
    const miner = await scene.miner('//Miner//0')
    const s3 = scene.tree(miner, 's3')
    const rows = rowsOf(20)
    const before = await scene.part(s3, rows.slice(0, 10))
    await scene.manifest(s3, miner, [before])
    let replaced = false
    const backend: Pick<StorageBackend, 'open'> = {
      async open(key, range, options) {
        if (key === before.path && !replaced) {
          replaced = true
          await scene.manifest(s3, miner, [await scene.part(s3, rows)], { sequence: 2 })
          await s3.backend.delete([before.path])
        }
        return await s3.backend.open(key, range, options)
      },
    }
    scene.places.set(miner.address, { s3: { kind: 'open', backend, missingRoot: 'unreachable' } })
    const validator = await scene.validator()
    const report = await validator.validateMinerData(
      miner.address,
      rows.map(({ uri }) => ({ uri })),
    )
    expect(new Set(report.verdicts.map(({ verdict }) => verdict))).toEqual(new Set(['valid']))
    expect(report.s3.sequence).toBe(2)
  })

  test('a file of the user replaced under its name during the check is no damage', async () => {
    const miner = await scene.miner('//Miner//0')
    const s3 = scene.tree(miner, 's3')
    const store = async (text: string, sequence: number): Promise<void> => {
      const data = Buffer.from(text)
      const facts = { bytes: data.length, sha256: sha256Of(data) }
      await put(s3.backend, { key: 'files/weights.bin', ...facts, source: { data } })
      const file = { path: 'files/weights.bin', ...facts, rows: null, source: null, hour: null }
      await scene.manifest(s3, miner, [file], { sequence })
    }
    await store('first', 1)
    let replaced = false
    const backend: Pick<StorageBackend, 'open'> = {
      async open(key, range, options) {
        if (key === 'files/weights.bin' && !replaced) {
          replaced = true
          await store('other', 2)
        }
        return await s3.backend.open(key, range, options)
      },
    }
    scene.places.set(miner.address, { s3: { kind: 'open', backend, missingRoot: 'unreachable' } })
    const report = await (await scene.validator()).validateMinerData(miner.address, [])
    expect(report).toMatchObject({ problems: [], s3: { sequence: 2, samples: [{ verdict: 'valid' }] } })
  })
})

describe('damage', () => {
  test('other content of the same size is corrupt by sample, even where ranges look right', async () => {
    const miner = await scene.miner('//Miner//0')
    const [s3, hub] = [scene.tree(miner, 's3'), scene.tree(miner, 'huggingface')]
    const rows = rowsOf(2000)
    const file = await scene.part(s3, rows)
    await scene.part(hub, rows)
    await scene.manifest(s3, miner, [file])
    await scene.manifest(hub, miner, [file])
    const bytes = await readBytes(s3, file.path)
    bytes[Math.floor(bytes.length / 2)]! ^= 0xff
    await writeFile(join(s3.folder, file.path), bytes)
    const validator = await scene.validator()
    const report = await validator.validateMinerData(miner.address, [
      { uri: rows[0]!.uri, source: 2, timeBucketId: hour },
    ])
    expect(report.verdicts[0]).toMatchObject({ verdict: 'valid', conflict: true, s3: { verdict: 'corrupt' } })
    expect(report.problems.join()).toContain('SHA-256')
  })

  test.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, 100)],
    ['grown', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(10)])],
    ['zeroed', (bytes: Buffer) => Buffer.alloc(bytes.length)],
    [
      'with a wild footer',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -8), Buffer.from('ffffff7f50415231', 'hex')]),
    ],
  ])('a Parquet file that is %s is corrupt', async (_, spoil) => {
    const miner = await scene.miner('//Miner//0')
    const s3 = scene.tree(miner, 's3')
    const rows = rowsOf(200)
    const file = await scene.part(s3, rows)
    await scene.manifest(s3, miner, [file])
    await writeFile(join(s3.folder, file.path), spoil(await readBytes(s3, file.path)))
    for (const samples of [0, 1]) {
      const validator = await scene.validator({ samples })
      const report = await validator.validateMinerData(miner.address, [
        { uri: rows[0]!.uri, source: 2, timeBucketId: hour },
      ])
      expect(report.verdicts[0]).toMatchObject({ verdict: 'corrupt', conflict: true, s3: { verdict: 'corrupt' } })
    }
  })
})
