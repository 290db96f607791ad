import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PutObject, StorageBackend, StoredCopy } from './storage-backend.ts'
import { codeOf, listAll, objectOf, putAll, readKey, sha256Of } from './contract-calls.ts'

/** A backend to be tested. */
export interface Subject {
  readonly backend: StorageBackend
  readonly close?: () => Promise<void>
}

const partKey = (part: number): string => `source=x/bucket=482000/part-${part}of3-0123456789abcdef.parquet`

/**
 * The rules that every StorageBackend keeps, as a suite of vitest. `setup` is called once and gives an empty backend.
 * Not more than some 4 MB are stored.
 */
export function describeBackend(name: string, setup: () => Promise<Subject>): void {
  describe(`${name} keeps the contract`, () => {
    let subject: Subject
    let backend: StorageBackend
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sluice-contract-'))
      subject = await setup()
      backend = subject.backend
    })
    afterAll(async () => {
      await subject?.close?.()
      await rm(folder, { recursive: true, force: true })
    })

    test('an absent object is null, and an absent prefix lists nothing', async () => {
      expect(await backend.stat('nothing/here')).toBeNull()
      expect(await backend.open('nothing/here')).toBeNull()
      expect(await backend.open('nothing/here', { start: 0, end: 9 })).toBeNull()
      expect(await listAll(backend, 'nothing/')).toEqual([])
    })

    test('stores from memory and reads back', async () => {
      const object = objectOf(partKey(1), 'first')
      const [result] = await putAll(backend, [object])
      expect(result).toMatchObject({ ok: true, key: object.key, bytes: 5, sha256: object.sha256 })
      expect((result as StoredCopy).location).not.toMatch(/X-Amz|Signature|token/i)
      expect(await backend.stat(object.key)).toMatchObject({ key: object.key, bytes: 5, sha256: object.sha256 })
      expect((await readKey(backend, object.key))?.toString()).toBe('first')
    })

    test('stores a file larger than any buffer on the way', async () => {
      const data = randomBytes(3_000_001)
      const path = join(folder, 'large.bin')
      await writeFile(path, data)
      const object: PutObject = { key: 'files/large.bin', bytes: data.length, sha256: sha256Of(data), source: { path } }
      expect(await putAll(backend, [object])).toMatchObject([{ ok: true, bytes: data.length }])
      const opened = await backend.open('files/large.bin')
      expect(opened?.bytes).toBe(data.length)
      await opened?.body.cancel()
      expect((await readKey(backend, 'files/large.bin'))?.equals(data)).toBe(true)
      expect(
        (await readKey(backend, 'files/large.bin', 1_000_000, 1_999_999))?.equals(data.subarray(1_000_000, 2_000_000)),
      ).toBe(true)
    })

    test('an empty object is an object', async () => {
      expect(await putAll(backend, [objectOf('files/empty', '')])).toMatchObject([{ ok: true, bytes: 0 }])
      expect(await backend.stat('files/empty')).toMatchObject({ bytes: 0, sha256: sha256Of(new Uint8Array()) })
      expect((await readKey(backend, 'files/empty'))?.length).toBe(0)
      expect(await codeOf(backend.open('files/empty', { start: 0, end: 0 }))).toBe('RANGE')
    })

    test('a batch yields one result per object; a bad one does not harm the others', async () => {
      const good = Array.from({ length: 12 }, (_, i) => objectOf(`batch/item-${i}`, `content ${i}`))
      const wrongHash: PutObject = { ...objectOf('batch/wrong-hash', 'abc'), sha256: sha256Of(Buffer.from('abd')) }
      const wrongSize: PutObject = { ...objectOf('batch/wrong-size', 'abc'), bytes: 4 }
      const missing: PutObject = { ...objectOf('batch/missing', 'abc'), source: { path: join(folder, 'not-there') } }
      const badKey = objectOf('batch/../escape', 'abc')
      const results = await putAll(backend, [wrongHash, ...good, wrongSize, missing, badKey])
      expect(results.length).toBe(16)
      const failed = new Map(results.flatMap((r) => (r.ok ? [] : [[r.key, r.error.code]])))
      expect(Object.fromEntries(failed)).toEqual({
        'batch/wrong-hash': 'SOURCE_CHANGED',
        'batch/wrong-size': 'SOURCE_CHANGED',
        'batch/missing': 'SOURCE_UNREADABLE',
        'batch/../escape': 'BAD_KEY',
      })
      expect(
        results
          .filter((r) => r.ok)
          .map((r) => r.key)
          .sort(),
      ).toEqual(good.map((g) => g.key).sort())
      expect(await backend.stat('batch/wrong-hash')).toBeNull()
      expect(await backend.stat('batch/wrong-size')).toBeNull()
      expect((await listAll(backend, 'batch/')).length).toBe(12)
    })

    test('an empty batch yields nothing', async () => {
      expect(await putAll(backend, [])).toEqual([])
    })

    test('the same object again is a success; other content replaces it', async () => {
      const object = objectOf('again/key', 'one')
      for (let i = 0; i < 2; i++) expect(await putAll(backend, [object])).toMatchObject([{ ok: true }])
      expect((await listAll(backend, 'again/')).length).toBe(1)
      const other = objectOf('again/key', 'two, longer')
      expect(await putAll(backend, [other])).toMatchObject([{ ok: true, sha256: other.sha256 }])
      expect((await readKey(backend, 'again/key'))?.toString()).toBe('two, longer')
      expect(await backend.stat('again/key')).toMatchObject({ bytes: 11, sha256: other.sha256 })
    })

    test('ranges include both ends, may pass the end and may not start there', async () => {
      await putAll(backend, [objectOf('ranges/digits', '0123456789')])
      const read = async (start: number, end: number) =>
        (await readKey(backend, 'ranges/digits', start, end))?.toString()
      expect(await read(0, 0)).toBe('0')
      expect(await read(2, 4)).toBe('234')
      expect(await read(7, 1000)).toBe('789')
      expect(await read(9, 9)).toBe('9')
      const opened = await backend.open('ranges/digits', { start: 2, end: 4 })
      expect(opened?.bytes).toBe(10)
      await opened?.body.cancel()
      expect(await codeOf(backend.open('ranges/digits', { start: 10, end: 11 }))).toBe('RANGE')
      expect(await codeOf(backend.open('ranges/digits', { start: 4, end: 2 }))).toBe('RANGE')
      expect(await codeOf(backend.open('ranges/digits', { start: -1, end: 2 }))).toBe('RANGE')
    })

    test('lists exactly the prefix, in key order, with sizes', async () => {
      const keys = ['order/b', 'order/a/c', 'order/a-b', 'order2/z', 'order/B', 'order/sub=1/x=2.y']
      await putAll(
        backend,
        keys.map((key) => objectOf(key, key)),
      )
      const listed = await listAll(backend, 'order/')
      const expected = keys.filter((key) => key.startsWith('order/')).sort()
      expect(listed.map((o) => o.key)).toEqual(expected)
      expect(listed.map((o) => o.bytes)).toEqual(expected.map((key) => key.length))
      for (const { key, sha256 } of listed) expect([null, sha256Of(Buffer.from(key))]).toContain(sha256)
      expect((await listAll(backend, 'order/a')).map((o) => o.key)).toEqual(['order/a-b', 'order/a/c'])
      expect((await listAll(backend, '')).length).toBeGreaterThan(6)
    })

    test('keys with every allowed character', async () => {
      const key = "files/a b/c=d,e+f(g)!h'i-j.k@l_m~n/z"
      expect(await putAll(backend, [objectOf(key, 'odd')])).toMatchObject([{ ok: true, key }])
      expect((await readKey(backend, key))?.toString()).toBe('odd')
      expect((await listAll(backend, 'files/a b/')).map((o) => o.key)).toEqual([key])
      await backend.delete([key])
      expect(await backend.stat(key)).toBeNull()
    })

    test.each([
      '',
      '/a',
      'a/',
      'a//b',
      '../a',
      'a/../b',
      './a',
      'a\nb',
      'a\u0000b',
      'a\\b',
      'ключ',
      `${'a/'.repeat(600)}b`,
    ])('refuses the key %j everywhere', async (key) => {
      expect(await putAll(backend, [objectOf(key, 'x')])).toMatchObject([
        { ok: false, error: { code: 'BAD_KEY', retryable: false } },
      ])
      expect(await codeOf(backend.stat(key))).toBe('BAD_KEY')
      expect(await codeOf(backend.open(key))).toBe('BAD_KEY')
      expect(await codeOf(backend.delete([key]))).toBe('BAD_KEY')
    })

    test('deletes what is there, is silent about what is not', async () => {
      await putAll(backend, [objectOf('gone/a', 'a'), objectOf('gone/b', 'b'), objectOf('gone/c', 'c')])
      await backend.delete(['gone/a', 'gone/never', 'gone/b'])
      await backend.delete([])
      expect((await listAll(backend, 'gone/')).map((o) => o.key)).toEqual(['gone/c'])
    })

    test('an aborted call stores nothing and says so', async () => {
      const signal = AbortSignal.abort()
      expect(await putAll(backend, [objectOf('aborted/a', 'a'), objectOf('aborted/b', 'b')], signal)).toMatchObject([
        { ok: false, error: { code: 'ABORTED' } },
        { ok: false, error: { code: 'ABORTED' } },
      ])
      expect(await codeOf(backend.stat('aborted/a', { signal }))).toBe('ABORTED')
      expect(await codeOf(backend.open('aborted/a', undefined, { signal }))).toBe('ABORTED')
      expect(await codeOf(backend.delete(['aborted/a'], { signal }))).toBe('ABORTED')
      expect(await listAll(backend, 'aborted/')).toEqual([])
    })

    test('leaving a batch early is allowed', async () => {
      for await (const result of backend.put([objectOf('early/a', 'a'), objectOf('early/b', 'b')])) {
        expect(result.ok).toBe(true)
        break
      }
      for (const { key } of await listAll(backend, 'early/')) expect((await readKey(backend, key))?.length).toBe(1)
    })
  })
}
