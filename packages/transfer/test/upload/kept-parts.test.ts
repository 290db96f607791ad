import { createHash } from 'node:crypto'
import { UploadPartCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { createMemoryJournal, createTransfer, fromStream, type UploadSessions } from '../../src/index.ts'
import { createHttpSender, createNodeHashing } from '../../src/node/index.ts'
import { bytesOf, chunked, MIB, quick, sha256, useStore } from '../store.ts'

const store = useStore()
const partSize = 5 * MIB
const size = 3 * partSize - 1
const one = bytesOf(size, 1)
const other = bytesOf(size, 2)
const streamOf = (bytes: Uint8Array) => fromStream(chunked(bytes, MIB))

const veiled = (etag: string): string => `kms-${createHash('sha256').update(etag).digest('hex').slice(0, 16)}`

/** A store as with encryption by a key service: the ETag of a part is no MD5, and no part's checksum is listed. */
function encrypting(): { readonly sessions: UploadSessions; readonly send: ReturnType<typeof createHttpSender> } {
  const plain = store.current.sessions()
  const sender = createHttpSender()
  const etags = new Map<string, string>()
  const veil = (etag: string): string => {
    etags.set(veiled(etag), etag)
    return veiled(etag)
  }
  const sessions: UploadSessions = {
    ...plain,
    parts: async (...args) =>
      (await plain.parts(...args)).map((part) => ({ ...part, etag: veil(part.etag), crc32: null })),
    complete: (session, parts, options) =>
      plain.complete(
        session,
        parts.map((part) => ({ ...part, etag: etags.get(part.etag) ?? part.etag })),
        options,
      ),
  }
  const send: typeof sender.send = async (...args) => {
    const reply = await sender.send(...args)
    const etag = reply.headers['etag']
    if (etag === undefined) return reply
    return { ...reply, headers: { ...reply.headers, etag: veil(etag.replaceAll('"', '')) } }
  }
  return { sessions, send: { send, close: () => sender.close() } }
}

async function replacePart(key: string): Promise<void> {
  const [open] = await store.current.sessions().uploads(key)
  const address = { Bucket: store.current.bucket, Key: store.current.prefix + key, UploadId: open?.uploadId ?? '' }
  await store.current.sdk.send(new UploadPartCommand({ ...address, PartNumber: 2, Body: bytesOf(partSize, 9) }))
}

describe('a part whose ETag tells nothing of its content', () => {
  test.each([
    { what: 'the same bytes', next: one, kept: 2 },
    { what: 'other bytes of the same size', next: other, kept: 0 },
    { what: 'the same bytes, after somebody replaced a part', next: one, kept: 1 },
  ])('is kept for what the journal noted of it: then come $what', async ({ what, next, kept }) => {
    const { sessions, send: sender } = encrypting()
    const journal = createMemoryJournal()
    const common = { sessions, send: sender.send, hashing: createNodeHashing(), journal, partSize, concurrency: 1 }
    const transfer = createTransfer({ ...common, retry: quick })
    const key = `noted ${what}`
    const stop = new AbortController()
    let sent = 0
    const onEvent = (event: { type: string }): void => {
      if (event.type === 'part' && ++sent === 2) stop.abort()
    }
    await expect(transfer.upload(streamOf(one), { key, signal: stop.signal, onEvent })).rejects.toMatchObject({
      code: 'ABORTED',
      resumable: true,
    })
    if (kept === 1) await replacePart(key)
    expect(await transfer.upload(streamOf(next), { key })).toMatchObject({ partsKept: kept, sha256: sha256(next) })
    expect((await store.current.object(key)).sha256).toBe(sha256(next))
    sender.close()
  })
})

test('an upload that was completed before the process died does not stand for another stream of that size', async () => {
  const journal = createMemoryJournal()
  const sender = createHttpSender()
  const common = { sessions: store.current.sessions(), send: sender.send, hashing: createNodeHashing(), partSize }
  const died = { ...journal, remove: async () => undefined }
  await createTransfer({ ...common, journal: died }).upload(streamOf(one), { key: 'streams' })
  expect(await journal.list()).toHaveLength(1)
  const result = await createTransfer({ ...common, journal }).upload(streamOf(other), { key: 'streams' })
  sender.close()
  expect(result).toMatchObject({ sha256: sha256(other), partsKept: 0 })
  expect((await store.current.object('streams')).sha256).toBe(sha256(other))
})
