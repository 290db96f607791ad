import { execFileSync } from 'node:child_process'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  createMemoryJournal,
  createPauseSwitch,
  createTransfer,
  fromBytes,
  fromStream,
  gzip,
  TransferError,
} from '../src/index.ts'
import { createHttpSender, createNodeHashing, fromPath } from '../src/node/index.ts'
import type { Transfer, TransferEvent, TransferOptions } from '../src/index.ts'
import { bytesOf, chunked, MIB, quick, sha256, useFolder, useStore } from './store.ts'

const store = useStore()
const folder = useFolder()
const data = bytesOf(33 * MIB + 7, 12)
const partSize = 5 * MIB
const hash = sha256(data)
const stream = (): ReturnType<typeof fromStream> => fromStream(chunked(data, MIB))

/** As `store.transfer`, with a journal or sessions of one's own. */
function make(more: Partial<TransferOptions>): Transfer {
  const common = { sessions: store.current.sessions(), send: createHttpSender().send, hashing: createNodeHashing() }
  return createTransfer({ ...common, retry: quick, compress: { gzip }, ...more })
}

describe('parts of another size than planned', () => {
  test.each([
    [64, 24],
    [24, 64],
  ])('planned with %i MiB of memory, gone on with %i', async (before, after) => {
    const journal = createMemoryJournal()
    const sources = {
      stream: () => [stream(), {}] as const,
      gzip: () => [fromBytes(data), { compress: 'gzip' }] as const,
    }
    for (const [name, sourceOf] of Object.entries(sources)) {
      const key = `size/${name}-${before}`
      const stop = new AbortController()
      const onEvent = (event: { type: string }): void => (event.type === 'part' ? stop.abort() : undefined)
      const [source, more] = sourceOf()
      const first = make({ journal, concurrency: 1, memoryBudget: before * MIB })
      const ended = first.upload(source, { key, ...more, signal: stop.signal, onEvent })
      await expect(ended).rejects.toMatchObject({ code: 'ABORTED', resumable: true })
      const [again, same] = sourceOf()
      const result = await make({ journal, memoryBudget: after * MIB }).upload(again, { key, ...same })
      expect(result).toMatchObject({ sha256: hash, bytes: data.length, proof: 'crc32' })
      expect(result.partsKept).toBeGreaterThan(0)
      if (name === 'stream') expect((await store.current.object(key)).sha256).toBe(hash)
    }
  })
  test.each([7, 20])('the service wants parts of %i MiB', async (mib) => {
    const sessions = store.current.sessions()
    const open: typeof sessions.open = async (request, options) => ({
      ...(await sessions.open(request, options)),
      partSize: mib * MIB,
    })
    const result = await make({ sessions: { ...sessions, open } }).upload(stream(), { key: `wanted/${mib}` })
    expect(result).toMatchObject({ bytes: data.length, parts: Math.ceil(data.length / (mib * MIB)) })
    expect((await store.current.object(`wanted/${mib}`)).sha256).toBe(hash)
  })
  test.each([
    [undefined, 13],
    [1.4 * MIB, 7],
    [100_000, 5],
  ])('with %s bytes per second allowed, parts have %i MiB', async (bandwidth, mib) => {
    let asked = 0
    const open = async ({ partSize }: { readonly partSize: number }): Promise<never> => {
      asked = partSize
      throw new TransferError('FORBIDDEN', 'enough seen', { retryable: false })
    }
    const sessions = { ...store.current.sessions(), open }
    const ended = make({ sessions, bandwidth }).upload(fromBytes(data), { key: 'allowed' })
    await expect(ended).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(asked).toBe(mib * MIB)
  })
  test('a clock that is set back holds nothing up', async () => {
    const real = Date.now
    const transfer = make({ bandwidth: 4 * MIB })
    try {
      const onEvent = (event: TransferEvent): void => {
        if (event.type === 'progress' && event.phase === 'sending') Date.now = () => real() - 3_600_000
      }
      const small = data.subarray(0, 5 * MIB)
      expect(await transfer.upload(fromBytes(small), { key: 'clock', onEvent })).toMatchObject({ bytes: small.length })
    } finally {
      Date.now = real
    }
  }, 15_000)
  test('parts larger than the memory are refused before anything is started', async () => {
    const path = join(folder.path, 'sparse')
    await writeFile(path, '')
    await truncate(path, 150 * 1024 * MIB)
    const transfer = make({ journal: createMemoryJournal(), memoryBudget: 10 * MIB })
    const ended = transfer.upload(fromPath(path), { key: 'sparse' })
    await expect(ended).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('memoryBudget') })
    expect(await transfer.list('sparse')).toEqual([])
  })
})

describe('sources that are not what they say', () => {
  test.each([0, 10, partSize, 2 * partSize])('a stream of %i bytes that has more', async (bytes) => {
    const upload = make({ partSize }).upload(fromStream(chunked(data, MIB), { bytes }), { key: 'more' })
    await expect(upload).rejects.toMatchObject({ code: 'SOURCE_CHANGED', resumable: false })
    await expect(store.current.object('more')).rejects.toThrow()
    expect(await store.current.openUploads()).toBe(0)
  })
  test.each(['single', 'parts'])(
    'a stream that stops without an end is left when the signal comes: %s',
    async (kind) => {
      async function* stalled(): AsyncGenerator<Uint8Array, void> {
        yield data.subarray(0, kind === 'single' ? 100 : 3 * partSize)
        await new Promise<never>(() => undefined)
      }
      const upload = make({ partSize }).upload(fromStream(stalled()), {
        key: 'stalled',
        signal: AbortSignal.timeout(300),
      })
      await expect(upload).rejects.toMatchObject({ code: 'ABORTED' })
      expect(await store.current.openUploads()).toBe(0)
    },
  )
  test('a stream that yields after the signal came writes nowhere', async () => {
    let yieldNow = (): void => undefined
    async function* late(): AsyncGenerator<Uint8Array, void> {
      await new Promise<void>((resolve) => (yieldNow = resolve))
      yield new Uint8Array(100).fill(7)
    }
    const opened = await fromStream(late()).open()
    const into = new Uint8Array(100)
    const stop = new AbortController()
    const read = opened.read(into, stop.signal)
    stop.abort()
    await expect(read).rejects.toMatchObject({ code: 'ABORTED' })
    yieldNow()
    await new Promise((resolve) => setImmediate(resolve))
    // By now it may be the buffer of another upload.
    expect(into.every((byte) => byte === 0)).toBe(true)
  })
  test('a stream of very small chunks that are there at once leaves their turn to sockets and timers', async () => {
    const open = await fromStream(chunked(data, 7)).open()
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await open.read(new Uint8Array(MIB))
    clearInterval(timer)
    expect(turns).toBeGreaterThan(20)
  })
  test('a pipe that nobody writes to does not halt the process', async () => {
    const path = join(folder.path, 'pipe')
    execFileSync('mkfifo', [path])
    await expect(make({}).upload(fromPath(path), { key: 'pipe' })).rejects.toThrow(/not a regular file/)
  })
})

test('what was paused and stopped before its first part gives its memory back', async () => {
  const transfer = make({ partSize, memoryBudget: 2 * partSize })
  for (let n = 0; n < 3; n++) {
    const pause = createPauseSwitch()
    const stop = new AbortController()
    const onEvent = (event: TransferEvent): void => {
      if (event.type !== 'progress' || event.phase !== 'sending') return
      pause.pause()
      setTimeout(() => stop.abort(), 10)
    }
    const ended = transfer.upload(stream(), { key: 'held', pause, signal: stop.signal, onEvent })
    await expect(ended).rejects.toMatchObject({ code: 'ABORTED' })
  }
  expect(await transfer.upload(stream(), { key: 'held' })).toMatchObject({ sha256: hash })
})
