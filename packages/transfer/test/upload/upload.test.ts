import { rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createPauseSwitch, fromBlob, fromBytes, fromStream, type Source } from '../../src/index.ts'
import { fromPath } from '../../src/node/index.ts'
import { bytesOf, chunked, MIB, sha256, useFolder, useStore, watch } from '../store.ts'

const store = useStore()
const folder = useFolder()
const data = bytesOf(17 * MIB + 12_345)
const partSize = 5 * MIB
const hash = sha256(data)

async function file(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, bytes)
  return path
}

test('many at once under one signal raise no warning of listeners', async () => {
  const warnings: string[] = []
  const note = ({ name }: Error): void => void warnings.push(name)
  process.on('warning', note)
  const transfer = store.current.transfer({ partSize, concurrency: 16, memoryBudget: 160 * MIB })
  const { signal } = new AbortController()
  const sizes = [...Array.from({ length: 24 }, () => 1), 16 * partSize]
  await Promise.all(sizes.map((n, i) => transfer.upload(fromBytes(bytesOf(n)), { key: `many/${i}`, signal })))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', note)
  expect(warnings).not.toContain('MaxListenersExceededWarning')
})

describe('sources', () => {
  test.each<[string, () => Promise<Source> | Source, number]>([
    ['path', async () => fromPath(await file('whole', data)), 4],
    ['bytes', () => fromBytes(data), 4],
    ['Blob', () => fromBlob(new Blob([data])), 4],
    ['File', () => fromBlob(new File([data], 'a.bin', { lastModified: 1 })), 4],
    ['stream', () => fromStream(chunked(data, 100_001)), 4],
    ['stream of known length', () => fromStream(chunked(data, 997), { bytes: data.length }), 4],
    ['Node stream', () => fromStream(Readable.from(chunked(data, MIB), { objectMode: false })), 4],
    ['web stream', () => fromStream(new Blob([data]).stream() as AsyncIterable<Uint8Array>), 4],
  ])('%s in parts', async (name, source, parts) => {
    const key = `sources/${name}`
    const result = await store.current.transfer({ partSize }).upload(await source(), { key })
    expect(result).toMatchObject({ key, bytes: data.length, storedBytes: data.length, sha256: hash, parts })
    expect(result).toMatchObject({ proof: 'crc32', partsKept: 0, retries: 0 })
    expect((await store.current.object(key)).sha256).toBe(hash)
  })
  test.each([
    ['nothing', 0],
    ['one byte', 1],
    ['exactly one part', partSize],
  ])('%s goes in one PUT, with its hash as metadata', async (name, size) => {
    const bytes = data.subarray(0, size)
    for (const [kind, source] of [
      ['bytes', fromBytes(bytes)],
      ['stream', fromStream(chunked(bytes, 1000))],
    ] as const) {
      const key = `one/${kind}-${name}`
      const result = await store.current.transfer({ partSize }).upload(source, { key })
      expect(result).toMatchObject({ bytes: size, parts: 1, sha256: sha256(bytes), proof: 'crc32' })
      expect((await store.current.object(key)).bytes.equals(bytes)).toBe(true)
      if (kind === 'bytes' || size < partSize) {
        expect((await store.current.head(key)).metadata).toEqual({ sha256: sha256(bytes) })
      }
    }
  })
  test('a whole number of parts has no empty one behind it', async () => {
    const bytes = data.subarray(0, 3 * partSize)
    for (const source of [fromBytes(bytes), fromStream(chunked(bytes, partSize))]) {
      const result = await store.current.transfer({ partSize }).upload(source, { key: 'even' })
      expect(result).toMatchObject({ parts: 3, sha256: sha256(bytes) })
    }
  })
})

describe('what is stored with it', () => {
  test.each([
    ['read at one go', MIB],
    ['single', MIB + 1],
    ['parts', data.length],
  ])('type, metadata and the known hash: %s', async (kind, size) => {
    const bytes = data.subarray(0, size)
    const key = `head/${kind} with ümläut+plus & (signs)`
    const metadata = { 'made-by': 'a  test with  spaces' }
    const options = { key, contentType: 'model/x', metadata, sha256: sha256(bytes) }
    const result = await store.current.transfer({ partSize }).upload(fromBytes(bytes), options)
    expect(result).toMatchObject({ bytes: size, storedBytes: size, sha256: sha256(bytes) })
    expect((await store.current.head(key)).metadata).toMatchObject({ sha256: sha256(bytes) })
    expect((await store.current.object(key)).sha256).toBe(sha256(bytes))
  })
  test('without checksums and hash', async () => {
    const transfer = store.current.transfer({ partSize, checksum: 'none', sha256: false })
    const result = await transfer.upload(fromBytes(data), { key: 'plain' })
    expect(result).toMatchObject({ sha256: null, crc32: null, parts: 4 })
    expect((await store.current.object('plain')).sha256).toBe(hash)
  })
  test.each([
    ['gzip', 17 * MIB],
    ['zstd', 17 * MIB],
    ['gzip', 100],
    ['zstd', 0],
  ] as const)('%s of %i bytes keeps the plain hash', async (compress, size) => {
    const key = `compressed/${compress}-${size}`
    const bytes = data.subarray(0, size)
    const result = await store.current.transfer({ partSize }).upload(fromBytes(bytes), { key, compress })
    expect(result).toMatchObject({ bytes: size, sha256: sha256(bytes) })
    expect(await store.current.head(key)).toEqual({ metadata: { sha256: sha256(bytes) }, encoding: compress })
  })
})

describe('refused', () => {
  test('a file of another hash: nothing is stored, nothing stays open', async () => {
    const wrong = { sha256: '0'.repeat(64) }
    for (const size of [MIB, data.length]) {
      const upload = store.current
        .transfer({ partSize })
        .upload(fromBytes(data.subarray(0, size)), { key: 'no', ...wrong })
      await expect(upload).rejects.toMatchObject({ code: 'SOURCE_MISMATCH', resumable: false })
    }
    await expect(store.current.object('no')).rejects.toThrow()
    expect(await store.current.openUploads()).toBe(0)
  })
  test.each<[string, (path: string) => Promise<void>]>([
    ['is written to', async (path) => await writeFile(path, 'x', { flag: 'a' })],
    ['changes in place', async (path) => await writeFile(path, 'x', { flag: 'r+' })],
    ['gets another time', async (path) => await utimes(path, 1, 1)],
    [
      'is replaced',
      async (path) => {
        await writeFile(`${path}.new`, data)
        await rename(`${path}.new`, path)
      },
    ],
  ])('a file that %s while it is sent', async (name, change) => {
    for (const mode of [{}, { checksum: 'none', sha256: false }] as const) {
      const path = await file(`changing-${name}`, data)
      const journalFile = join(folder.path, 'changes')
      const transfer = store.current.transfer({ partSize, concurrency: 1, journalFile, ...mode })
      let done = false
      const onEvent = (event: { type: string }): void => {
        if (event.type === 'part' && !done) void change(path)
        done ||= event.type === 'part'
      }
      const upload = transfer.upload(fromPath(path), { key: 'changing', onEvent })
      await expect(upload).rejects.toMatchObject({ code: 'SOURCE_CHANGED', resumable: false })
      await expect(store.current.object('changing')).rejects.toThrow()
      expect(await store.current.openUploads()).toBe(0)
      transfer.close()
    }
  })
  test('what is no file, and a stream that fails or has another length', async () => {
    const transfer = store.current.transfer({ partSize })
    const missing = transfer.upload(fromPath(join(folder.path, 'missing')), { key: 'k' })
    await expect(missing).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
    await expect(transfer.upload(fromPath(folder.path), { key: 'k' })).rejects.toThrow(/not a regular file/)
    for (const bytes of [data.length - 1, data.length + 1]) {
      const upload = transfer.upload(fromStream(chunked(data, MIB), { bytes }), { key: 'k' })
      await expect(upload).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    }
    async function* failing(): AsyncGenerator<Uint8Array, void> {
      yield data.subarray(0, 7 * MIB)
      throw new Error('the disk is gone')
    }
    await expect(transfer.upload(fromStream(failing()), { key: 'k' })).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
    })
    expect(await store.current.openUploads()).toBe(0)
  })
  test.each([
    ['', {}],
    ['a//b', {}],
    ['../a', {}],
    ['a/./b', {}],
    ['a\nb', {}],
    ['k', { sha256: 'ABC' }],
    ['k', { metadata: { UPPER: 'x' } }],
    ['k', { metadata: { a: 'zeile\n' } }],
    ['k', { metadata: { sha256: 'x' } }],
    ['k', { metadata: { a: 'x'.repeat(2100) } }],
  ])('key %j with %j', async (key, more) => {
    const upload = store.current.transfer().upload(fromBytes(data.subarray(0, 9)), { key, ...more })
    await expect(upload).rejects.toMatchObject({ code: 'BAD_OPTION', retryable: false })
  })
  test('the same key twice at once', async () => {
    const transfer = store.current.transfer({ partSize })
    const first = transfer.upload(fromBytes(data), { key: 'twice' })
    await expect(transfer.upload(fromBytes(data), { key: 'twice' })).rejects.toMatchObject({ code: 'CONFLICT' })
    await first
  })
})

describe('while it runs', () => {
  test('events tell bytes, parts, phases and the end', async () => {
    const { events, onEvent } = watch()
    await store.current.transfer({ partSize }).upload(fromBytes(data), { key: 'events', onEvent })
    const progress = events.flatMap((event) => (event.type === 'progress' ? [event] : []))
    const phases = [...new Set(progress.map(({ phase }) => phase))]
    expect(phases).toEqual(['starting', 'resuming', 'sending', 'completing', 'verifying', 'done'])
    expect(progress.at(-1)).toMatchObject({ bytes: data.length, bytesTotal: data.length, parts: 4, partsTotal: 4 })
    expect(events.filter(({ type }) => type === 'part')).toHaveLength(4)
  })
  test('the bandwidth limit holds', async () => {
    const transfer = store.current.transfer({ partSize, bandwidth: 8 * MIB })
    const result = await transfer.upload(fromBytes(data.subarray(0, 12 * MIB)), { key: 'slowly' })
    expect(result.seconds).toBeGreaterThan(0.45) // the first second's worth is free
  })
  test('a pause holds the parts back, resuming finishes them', async () => {
    const pause = createPauseSwitch()
    const { events, onEvent } = watch()
    const seen = (): number => events.filter(({ type }) => type === 'part').length
    const upload = store.current.transfer({ partSize, concurrency: 1 }).upload(fromBytes(data), {
      key: 'paused',
      pause,
      onEvent: (event) => {
        onEvent(event)
        if (seen() === 1) pause.pause()
      },
    })
    await expect.poll(seen).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(seen()).toBeLessThanOrEqual(2)
    expect(events.some((event) => event.type === 'progress' && event.phase === 'paused')).toBe(true)
    pause.resume()
    expect(await upload).toMatchObject({ sha256: hash })
  })
  test('a small object waits out the pause too, and says so', async () => {
    const pause = createPauseSwitch()
    pause.pause()
    const { events, onEvent } = watch()
    const upload = store.current.transfer().upload(fromBytes(data.subarray(0, 9)), { key: 'small', pause, onEvent })
    const phases = (): unknown[] => events.flatMap((event) => (event.type === 'progress' ? [event.phase] : []))
    await expect.poll(phases).toEqual(['starting', 'sending', 'paused'])
    pause.resume()
    expect(await upload).toMatchObject({ bytes: 9 })
    expect(phases().slice(3)).toEqual(['sending', 'done'])
  })
  test('an aborted upload without a journal leaves nothing on the server', async () => {
    const stop = new AbortController()
    const onEvent = (event: { type: string }): void => {
      if (event.type === 'part') stop.abort()
    }
    const options = { key: 'stopped', signal: stop.signal, onEvent }
    const upload = store.current.transfer({ partSize, concurrency: 1 }).upload(fromBytes(data), options)
    await expect(upload).rejects.toMatchObject({ code: 'ABORTED', resumable: false })
    expect(await store.current.openUploads()).toBe(0)
  })
})
