import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3'
import { type DevS3, startS3Server } from '@sluice/dev-s3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDirectAccess } from '../src/bucket/direct-access.ts'
import { createTransferPut } from '../src/bucket/put.ts'
import { createBucketTransfer } from '../src/bucket/transfer.ts'
import type { StorageBackend } from '../src/port/storage-backend.ts'
import { createS3Client } from '@sluice/transfer/node'
import { codeOf, listAll, objectOf, putAll, readKey, sha256Of } from '../src/port/contract-calls.ts'
import { type DirectOptions, directBackend } from './bucket.ts'

let server: DevS3
let folder: string
beforeEach(async () => {
  server = await startS3Server({ buckets: ['bucket-b'] })
  folder = await mkdtemp(join(tmpdir(), 'sluice-s3-'))
})
afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

function backendOf(options: Partial<DirectOptions> = {}, at: DevS3 = server): StorageBackend {
  const credentials = { accessKeyId: at.accessKeyId, secretAccessKey: at.secretAccessKey }
  return directBackend({ bucket: 'bucket-b', endpoint: at.url, credentials, stallMs: 30_000, ...options })
}

test('a bucket that is not there is NOT_FOUND, not absence', async () => {
  const backend = backendOf({ bucket: 'elsewhere' })
  expect(await putAll(backend, [objectOf('k', 'x')])).toMatchObject([
    { error: { code: 'NOT_FOUND', retryable: false } },
  ])
  expect(await codeOf(backend.stat('k'))).toBe('NOT_FOUND')
  expect(await codeOf(backend.open('k'))).toBe('NOT_FOUND')
  expect(await codeOf(listAll(backend, ''))).toBe('NOT_FOUND')
})

test('wrong credentials are UNAUTHORIZED everywhere', async () => {
  for (const credentials of [
    { accessKeyId: server.accessKeyId, secretAccessKey: 'wrong' },
    { accessKeyId: 'nobody', secretAccessKey: server.secretAccessKey },
  ]) {
    const backend = backendOf({ credentials })
    expect(await putAll(backend, [objectOf('k', 'x')])).toMatchObject([{ error: { code: 'UNAUTHORIZED' } }])
    expect(await codeOf(backend.stat('k'))).toBe('UNAUTHORIZED')
    expect(await codeOf(backend.delete(['k']))).toBe('UNAUTHORIZED')
  }
})

test('a clock an hour off is CLOCK_SKEW where the store does not tell its time', async () => {
  const skewed = await startS3Server({ buckets: ['bucket-b'], now: () => Date.now() + 3_600_000 })
  try {
    const backend = backendOf({}, skewed)
    expect(await putAll(backend, [objectOf('k', 'x')])).toMatchObject([
      { error: { code: 'CLOCK_SKEW', retryable: true } },
    ])
    expect(await codeOf(backend.stat('k'))).toBe('CLOCK_SKEW')
    expect(await codeOf(listAll(backend, ''))).toBe('CLOCK_SKEW')
  } finally {
    await skewed.close()
  }
})

test('a limiter is THROTTLED, and the same put succeeds afterwards', async () => {
  const lift = server.faults.add({ kind: { status: 503, code: 'SlowDown' } })
  const backend = backendOf()
  const batch = Array.from({ length: 6 }, (_, i) => objectOf(`k${i}`, `x${i}`))
  for (const result of await putAll(backend, batch)) {
    expect(result).toMatchObject({ ok: false, error: { code: 'THROTTLED', retryable: true } })
  }
  lift()
  for (const result of await putAll(backend, batch)) expect(result.ok).toBe(true)
})

const inParts = { partBytes: 5 * 1024 * 1024 }

test('a multipart upload verifies its parts and is not sent twice', async () => {
  const data = Buffer.alloc(12 * 1024 * 1024 + 17, 'sluice')
  const path = join(folder, 'large')
  await writeFile(path, data)
  const object = { key: 'files/large', bytes: data.length, sha256: sha256Of(data), source: { path } }
  const backend = backendOf(inParts)
  expect(await putAll(backend, [object])).toMatchObject([{ ok: true, sha256: object.sha256 }])
  expect(await backend.stat('files/large')).toEqual({ key: 'files/large', bytes: data.length, sha256: object.sha256 })
  expect((await readKey(backend, 'files/large'))?.equals(data)).toBe(true)
  server.faults.add({ method: 'POST', kind: { status: 500, code: 'InternalError' } })
  server.faults.add({ method: 'GET', kind: { status: 500, code: 'InternalError' } }) // nor read back
  expect(await putAll(backend, [object])).toMatchObject([{ ok: true }])
})

test('a multipart upload that fails is aborted, whatever the reason', async () => {
  const data = Buffer.alloc(12 * 1024 * 1024)
  const path = join(folder, 'large')
  await writeFile(path, data)
  const object = { key: 'large', bytes: data.length, sha256: sha256Of(data), source: { path } }
  const backend = backendOf({ ...inParts, attempts: 1 })
  const uploads = async (): Promise<unknown[]> => {
    const client = createS3Client({
      region: server.region,
      endpoint: server.url,
      credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
      connectMs: 1000,
      connections: 1,
    })
    return (await client.send(new ListMultipartUploadsCommand({ Bucket: 'bucket-b' }))).Uploads ?? []
  }

  server.faults.add({ method: 'PUT', path: /partNumber=2/, times: 1, kind: { status: 500, code: 'InternalError' } })
  expect(await putAll(backend, [object])).toMatchObject([{ error: { code: 'UNAVAILABLE', retryable: true } }])
  expect(await uploads()).toEqual([])

  await truncate(path, 11 * 1024 * 1024)
  expect(await putAll(backend, [object])).toMatchObject([{ error: { code: 'SOURCE_CHANGED' } }])
  expect(await uploads()).toEqual([])
  expect(await backend.stat('large')).toBeNull()
})

test('a reply lost after success: the next put finds the object and sends nothing', async () => {
  server.faults.add({ method: 'PUT', times: 1, kind: 'lost-reply' })
  const backend = backendOf({ attempts: 1 })
  const object = objectOf('k', 'stored, but who knows')
  expect(await putAll(backend, [object])).toMatchObject([{ error: { code: 'UNAVAILABLE', retryable: true } }])
  server.faults.add({ method: 'PUT', kind: { status: 500, code: 'InternalError' } })
  expect(await putAll(backend, [object])).toMatchObject([{ ok: true }])
})

test('Complete that answers 200 with an error, loses its answer or never answers is made sure of', async () => {
  for (const kind of ['refused-in-200', 'error-in-200', 'lost-reply', 'stall'] as const) {
    const object = objectOf(kind, Buffer.alloc(7 * 1024 * 1024, kind))
    server.faults.add({ method: 'POST', path: /uploadId=/, times: 1, kind })
    expect(await putAll(backendOf({ ...inParts, completeMs: 300 }), [object])).toMatchObject([{ ok: true }])
    expect((await readKey(backendOf(), kind))?.equals(Buffer.alloc(7 * 1024 * 1024, kind))).toBe(true)
  }
  server.faults.add({ method: 'POST', path: /uploadId=/, kind: 'refused-in-200' })
  const hopeless = backendOf({ ...inParts, attempts: 1 })
  expect(await putAll(hopeless, [objectOf('no', Buffer.alloc(7 * 1024 * 1024))])).toMatchObject([
    { error: { code: 'UNAVAILABLE', retryable: true } },
  ])
})

test('with a journal, a later backend goes on with the parts that are there', async () => {
  const data = Buffer.alloc(23 * 1024 * 1024, 'journal')
  const path = join(folder, 'large')
  await writeFile(path, data)
  const object = { key: 'files/large', bytes: data.length, sha256: sha256Of(data), source: { path } }
  const options = { ...inParts, attempts: 1, journalFile: join(folder, 'journal.sqlite') }
  server.faults.add({ method: 'PUT', path: /partNumber=5/, kind: { status: 500 } })
  expect(await putAll(backendOf(options), [object])).toMatchObject([{ error: { code: 'UNAVAILABLE' } }])
  server.faults.clear()
  const address = { region: server.region, endpoint: server.url, connectMs: 1000, connections: 1 }
  const client = createS3Client({ ...address, credentials: server })
  const [open] = (await client.send(new ListMultipartUploadsCommand({ Bucket: 'bucket-b' }))).Uploads ?? []
  const upload = { Bucket: 'bucket-b', Key: open?.Key, UploadId: open?.UploadId }
  const [stored] = (await client.send(new ListPartsCommand(upload))).Parts ?? []
  client.destroy()
  const again = new RegExp(`partNumber=${stored?.PartNumber}&`)
  server.faults.add({ method: 'PUT', path: again, kind: { status: 500 } }) // it is not sent again
  expect(await putAll(backendOf(options), [object])).toMatchObject([{ ok: true }])
  expect((await readKey(backendOf(), 'files/large'))?.equals(data)).toBe(true)
})

test('parts that nobody went on with for days are given up', async () => {
  const put = async (name: string, data: Buffer, days: number): Promise<boolean> => {
    const path = join(folder, name)
    await writeFile(path, data)
    const journalFile = join(folder, 'journal.sqlite')
    const access = createDirectAccess({ bucket: 'bucket-b', endpoint: server.url, credentials: server })
    const sizes = { partSize: inParts.partBytes, retry: { attempts: 1 } }
    const now = (): number => Date.now() + days * 24 * 3_600_000
    const putOne = createTransferPut(() => createBucketTransfer(access, { ...sizes, journalFile }), {
      journalFile,
      now,
    })
    return await putOne({ key: name, bytes: data.length, sha256: sha256Of(data), source: { path } })
  }
  const openUploads = async (): Promise<number> => {
    const address = { region: server.region, endpoint: server.url, connectMs: 1000, connections: 1 }
    const client = createS3Client({ ...address, credentials: server })
    return (await client.send(new ListMultipartUploadsCommand({ Bucket: 'bucket-b' }))).Uploads?.length ?? 0
  }
  server.faults.add({ method: 'PUT', path: /partNumber=2/, kind: { status: 500 } })
  expect(await codeOf(put('given-up', Buffer.alloc(11 * 1024 * 1024), 0))).toBe('UNAVAILABLE')
  server.faults.clear()
  expect(await put('other', Buffer.alloc(12 * 1024 * 1024), 0)).toBe(true)
  expect(await openUploads()).toBe(1) // young enough to go on
  expect(await put('much-later', Buffer.alloc(13 * 1024 * 1024), 4)).toBe(true)
  expect(await openUploads()).toBe(0)
})
