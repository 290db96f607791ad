import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ListPartsCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import {
  createMemoryJournal,
  createTransfer,
  fromBytes,
  fromStream,
  type Source,
  type TransferOptions,
} from '../../src/index.ts'
import { createHttpSender, createNodeHashing, fromPath } from '../../src/node/index.ts'
import { bytesOf, chunked, MIB, sha256, useFolder, useStore } from '../store.ts'

const store = useStore()
const folder = useFolder()
const data = bytesOf(32 * MIB + 77, 4)
const hash = sha256(data)
const partSize = 5 * MIB
const parts = 7

const journalFile = join(folder.path, 'journal.sqlite')
const path = join(folder.path, 'source.bin')

/** Uploads until some parts are stored, then gives up. */
async function interrupted(
  source: Source,
  key: string,
  after: number,
  more: Partial<TransferOptions> = {},
): Promise<void> {
  const transfer = store.current.transfer({ partSize, concurrency: 1, journalFile, ...more })
  const stop = new AbortController()
  let seen = 0
  const onEvent = (event: { type: string }): void => {
    if (event.type === 'part' && ++seen === after) stop.abort()
  }
  const upload = transfer.upload(source, { key, signal: stop.signal, onEvent })
  await expect(upload).rejects.toMatchObject({ code: 'ABORTED', resumable: true })
  transfer.close()
}

async function uploadOf(
  key: string,
): Promise<{ readonly Bucket: string; readonly Key: string; readonly UploadId: string }> {
  const transfer = store.current.transfer({ journalFile })
  const [open] = await transfer.list(key)
  if (open === undefined) throw new Error('no upload is open')
  return { Bucket: store.current.bucket, Key: store.current.prefix + key, UploadId: open.uploadId }
}

describe('goes on where it ended', () => {
  test.each<[string, () => Source]>([
    ['a path', () => fromPath(path)],
    ['bytes', () => fromBytes(data)],
    ['a new stream of the same bytes', () => fromStream(chunked(data, 99_999))],
  ])('%s', async (name, source) => {
    await writeFile(path, data)
    const key = `resume/${name}`
    await interrupted(source(), key, 3)
    const result = await store.current.transfer({ partSize, journalFile }).upload(source(), { key })
    expect(result).toMatchObject({ sha256: hash, parts, proof: 'crc32' })
    expect(result.partsKept).toBeGreaterThanOrEqual(3)
    expect((await store.current.object(key)).sha256).toBe(hash)
  })
  test('within one process, from memory', async () => {
    const transfer = store.current.transfer({ partSize, concurrency: 1, journalFile })
    const stop = new AbortController()
    const onEvent = (event: { type: string }): void => (event.type === 'part' ? stop.abort() : undefined)
    const options = { key: 'again', signal: stop.signal, onEvent }
    await expect(transfer.upload(fromBytes(data), options)).rejects.toMatchObject({ resumable: true })
    const result = await transfer.upload(fromBytes(data), { key: 'again' })
    expect(result.partsKept).toBeGreaterThan(0)
  })
  test('without checksums, by the MD5 of each part', async () => {
    await interrupted(fromBytes(data), 'md5', 3, { checksum: 'none' })
    const result = await store.current
      .transfer({ partSize, journalFile, checksum: 'none' })
      .upload(fromBytes(data), { key: 'md5' })
    expect(result.partsKept).toBeGreaterThanOrEqual(3)
    expect((await store.current.object('md5')).sha256).toBe(hash)
  })
  test('a file without checksums, whose parts are read while they are sent', async () => {
    await writeFile(path, data)
    const plain = { checksum: 'none', sha256: false } as const
    await interrupted(fromPath(path), 'plain', 3, plain)
    const transfer = store.current.transfer({ partSize, journalFile, ...plain })
    const result = await transfer.upload(fromPath(path), { key: 'plain' })
    expect(result).toMatchObject({ bytes: data.length, storedBytes: data.length, parts, sha256: null })
    expect(result.partsKept).toBeGreaterThanOrEqual(3)
    expect((await store.current.object('plain')).sha256).toBe(hash)
  })
  test('compressed bytes come out the same again', async () => {
    for (const compress of ['gzip', 'zstd'] as const) {
      const key = `resume/${compress}`
      const transfer = store.current.transfer({ partSize, concurrency: 1, journalFile })
      const stop = new AbortController()
      const onEvent = (event: { type: string }): void => (event.type === 'part' ? stop.abort() : undefined)
      const options = { key, compress, signal: stop.signal, onEvent }
      await expect(transfer.upload(fromBytes(data), options)).rejects.toMatchObject({ resumable: true })
      const result = await transfer.upload(fromBytes(data), { key, compress })
      expect(result).toMatchObject({ sha256: hash })
      expect(result.partsKept).toBeGreaterThan(0)
    }
  })
})

describe('trusts nothing but the server and the source', () => {
  test('a part that is not what the source has is sent again', async () => {
    await interrupted(fromBytes(data), 'damaged', 3)
    const address = await uploadOf('damaged')
    const Body = bytesOf(partSize, 9)
    await store.current.sdk.send(new UploadPartCommand({ ...address, PartNumber: 2, Body, ChecksumAlgorithm: 'CRC32' }))
    const short = { PartNumber: 1, Body: data.subarray(0, MIB), ChecksumAlgorithm: 'CRC32' } as const
    await store.current.sdk.send(new UploadPartCommand({ ...address, ...short }))
    const result = await store.current.transfer({ partSize, journalFile }).upload(fromBytes(data), { key: 'damaged' })
    expect(result.sha256).toBe(hash)
    expect(result.partsKept).toBeLessThanOrEqual(parts - 2)
    expect((await store.current.object('damaged')).sha256).toBe(hash)
  })
  test('a file that changed starts anew, and the old upload is gone', async () => {
    await writeFile(path, data)
    await interrupted(fromPath(path), 'changed', 3)
    const before = await uploadOf('changed')
    await appendFile(path, 'more')
    const result = await store.current.transfer({ partSize, journalFile }).upload(fromPath(path), { key: 'changed' })
    expect(result).toMatchObject({ partsKept: 0, bytes: data.length + 4 })
    await expect(store.current.sdk.send(new ListPartsCommand(before))).rejects.toThrow()
  })
  test.each([0, MIB])('a file that changed to %i bytes, one PUT, leaves nothing of the old upload', async (size) => {
    await writeFile(path, data)
    await interrupted(fromPath(path), 'shrunk', 3)
    const small = bytesOf(size, 4)
    await writeFile(path, small)
    const transfer = store.current.transfer({ partSize, journalFile })
    expect(await transfer.upload(fromPath(path), { key: 'shrunk' })).toMatchObject({ parts: 1, sha256: sha256(small) })
    expect(await store.current.openUploads()).toBe(0)
    expect((await transfer.list('shrunk')).length).toBe(0)
  })
  test('other settings start anew', async () => {
    await interrupted(fromBytes(data), 'settings', 2)
    const transfer = store.current.transfer({ partSize, journalFile })
    const result = await transfer.upload(fromBytes(data), { key: 'settings', contentType: 'text/plain' })
    expect(result.partsKept).toBe(0)
  })
  test.each([3 * partSize, 40 * MIB])('other bytes at the same key, %i of them', async (size) => {
    await interrupted(fromBytes(data), 'others', 5)
    const other = bytesOf(size, 8)
    const transfer = store.current.transfer({ partSize, journalFile })
    const result = await transfer.upload(fromBytes(other), { key: 'others' })
    expect(result).toMatchObject({ partsKept: 0, sha256: sha256(other) })
    expect((await store.current.object('others')).sha256).toBe(sha256(other))
  })
  test('a shorter stream at the same key is told, and stored the next time', async () => {
    await interrupted(fromStream(chunked(data, MIB)), 'shorter', 5)
    const other = bytesOf(2 * partSize + 1, 8)
    const transfer = store.current.transfer({ partSize, journalFile })
    const send = () => transfer.upload(fromStream(chunked(other, MIB)), { key: 'shorter' })
    await expect(send()).rejects.toMatchObject({ code: 'SOURCE_CHANGED', retryable: true, resumable: false })
    expect(await store.current.openUploads()).toBe(0)
    expect(await send()).toMatchObject({ sha256: sha256(other) })
  })
  test('an upload that the server gave up starts anew', async () => {
    await interrupted(fromBytes(data), 'gone', 2)
    const { UploadId } = await uploadOf('gone')
    await store.current.sessions().abort({ uploadId: UploadId, key: 'gone' })
    const result = await store.current.transfer({ partSize, journalFile }).upload(fromBytes(data), { key: 'gone' })
    expect(result).toMatchObject({ partsKept: 0, sha256: hash })
  })
  test('an upload that was completed before the process died counts as done', async () => {
    await writeFile(path, data)
    const journal = createMemoryJournal()
    const kept = { ...journal, remove: async () => undefined } // the process dies before this
    const sender = createHttpSender()
    const common = { sessions: store.current.sessions(), send: sender.send, hashing: createNodeHashing(), partSize }
    const first = await createTransfer({ ...common, journal: kept }).upload(fromPath(path), { key: 'finished' })
    const second = await createTransfer({ ...common, journal }).upload(fromPath(path), { key: 'finished' })
    sender.close()
    expect(second).toMatchObject({
      sha256: hash,
      partsKept: parts,
      etag: first.etag,
      bytes: data.length,
      proof: 'crc32',
    })
    expect(await journal.list()).toEqual([])
  })
})

describe('stale uploads', () => {
  test('are listed with their source, and aborted for good', async () => {
    await writeFile(path, data)
    await interrupted(fromPath(path), 'stale/a', 2)
    const transfer = store.current.transfer({ journalFile })
    const [listed, ...others] = await transfer.list('stale/')
    expect(others).toEqual([])
    expect(listed).toMatchObject({ key: 'stale/a', source: path, onServer: true })
    expect(Math.abs((listed?.initiatedAt ?? 0) - Date.now())).toBeLessThan(600_000)
    await transfer.abort(listed!)
    await transfer.abort(listed!)
    expect(await transfer.list('stale/')).toEqual([])
  })
  test('that only the journal knows are listed too', async () => {
    await interrupted(fromBytes(data), 'stale/b', 1)
    const { UploadId } = await uploadOf('stale/b')
    await store.current.sessions().abort({ uploadId: UploadId, key: 'stale/b' })
    const transfer = store.current.transfer({ journalFile })
    const [listed] = await transfer.list('stale/')
    expect(listed).toMatchObject({ key: 'stale/b', onServer: false })
    await transfer.abort(listed!)
    expect(await transfer.list('stale/')).toEqual([])
  })
})
