import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type Body,
  fromBlob,
  fromBytes,
  fromStream,
  type Send,
  type Source,
  type UploadOptions,
} from '../../src/index.ts'
import { createHttpSender, fromPath, type HttpSender, type NodeTransferOptions } from '../../src/node/index.ts'
import { bytesOf, chunked, MIB, sha256, useFolder, useStore } from '../store.ts'

const store = useStore()
const folder = useFolder()
const data = bytesOf(11 * MIB + 7)
const partSize = 5 * MIB
const plain = { checksum: 'none', sha256: false } as const

/** Notes what kind of bodies are sent. */
function watched(takesSlices: boolean): { readonly sender: HttpSender; readonly bodies: Body[] } {
  const inner = createHttpSender()
  const bodies: Body[] = []
  const noting: Send = async (request, options) => {
    if (request.body !== undefined) bodies.push(request.body)
    return await inner.send(request, options)
  }
  const send = takesSlices ? Object.assign(noting, { takesSlices }) : noting
  return { sender: { send, close: () => inner.close() }, bodies }
}

async function path(): Promise<Source> {
  await writeFile(join(folder.path, 'sliced.bin'), data)
  return fromPath(join(folder.path, 'sliced.bin'))
}

type Row = [string, () => Source | Promise<Source>, Partial<NodeTransferOptions>, boolean, Partial<UploadOptions>]
test.each<Row>([
  ['a path', path, plain, true, {}],
  ['bytes', () => fromBytes(data), plain, true, {}],
  ['a Blob', () => fromBlob(new Blob([data])), plain, true, {}],
  ['with checksums', path, { sha256: false }, false, {}],
  ['with a hash', path, { checksum: 'none' }, false, {}],
  ['with a hash to compare', path, plain, false, { sha256: sha256(data) }],
  ['compressed', path, plain, false, { compress: 'gzip' }],
  ['a stream', () => fromStream(chunked(data, MIB), { bytes: data.length }), plain, false, {}],
])('read while it is sent or before: %s', async (name, source, mode, isSliced, request) => {
  const { sender, bodies } = watched(true)
  const key = `sliced/${name}`
  const result = await store.current.transfer({ partSize, sender, ...mode }).upload(await source(), { key, ...request })
  expect(result.parts).toBe(3)
  expect(bodies.map((body) => !(body instanceof Uint8Array))).toEqual([isSliced, isSliced, isSliced])
  if (request.compress === undefined) expect((await store.current.object(key)).sha256).toBe(sha256(data))
})
test('a sender that takes whole bodies gets whole bodies', async () => {
  const { sender, bodies } = watched(false)
  await store.current.transfer({ partSize, sender, ...plain }).upload(await path(), { key: 'whole' })
  expect(bodies.every((body) => body instanceof Uint8Array)).toBe(true)
})

describe('a source that', () => {
  /** Its second part cannot be read. */
  const broken = (readAt: () => Promise<void>): Source => {
    const whole = fromBytes(data, 'broken')
    const open: Source['open'] = async () => {
      const opened = await whole.open()
      return {
        ...opened,
        identity: 'the same',
        readAt: (at, into) => (at < partSize ? opened.readAt!(at, into) : readAt()),
      }
    }
    return { ...whole, open }
  }
  test.each<[string, () => Promise<void>, RegExp]>([
    ['hangs', () => new Promise(() => undefined), /broken gave nothing for 0\.5 s\. Check the disk/],
    ['fails', async () => await Promise.reject(new Error('disk says no')), /broken failed while it was read/],
  ])('%s ends the upload, which can be resumed', async (name, readAt, message) => {
    const journalFile = join(folder.path, `${name}.sqlite`)
    const transfer = store.current.transfer({ partSize, journalFile, concurrency: 1, stallMs: 500, ...plain })
    const upload = transfer.upload(broken(readAt), { key: name })
    const error = { code: 'SOURCE_UNREADABLE', retryable: false, resumable: true, message }
    await expect(upload).rejects.toMatchObject({ ...error, message: expect.stringMatching(message) as string })
    const again = await transfer.upload(
      broken(async () => undefined),
      { key: name },
    )
    expect(again).toMatchObject({ parts: 3, partsKept: 1 })
    transfer.close()
  })
  test('shrinks is not filled up with other bytes', async () => {
    // Node 20 has buffers that can be resized; the types of ES2023 have not.
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      most: { maxByteLength: number },
    ) => ArrayBuffer & {
      resize(length: number): void
    }
    const memory = new Resizable(data.length, { maxByteLength: data.length })
    const opened = await fromBytes(new Uint8Array(memory), 'shrinking').open()
    memory.resize(MIB)
    const read = opened.readAt!(MIB - 10, new Uint8Array(20))
    await expect(read).rejects.toMatchObject({ code: 'SOURCE_CHANGED', retryable: false })
  })
})
