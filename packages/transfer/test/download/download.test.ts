import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createPauseSwitch, type DownloadTarget, fromBytes, TransferError, toWriter } from '../../src/index.ts'
import { toPath, toStream } from '../../src/node/index.ts'
import { processMark } from '../../src/journal/process-mark.ts'
import { bytesOf, MIB, sha256, useFolder, useStore, watch } from '../store.ts'

const store = useStore()
const folder = useFolder()
const data = bytesOf(21 * MIB + 4321)
const partSize = 5 * MIB
/** Ranges of 1.25 MiB, eight at once. */
const memoryBudget = 10 * MIB

const put = (key: string, bytes: Uint8Array, more = {}): Promise<unknown> =>
  store.current.transfer({ partSize }).upload(fromBytes(bytes), { key, ...more })
const path = (name: string): string => join(folder.path, name)
const leftovers = (name: string): string[] => readdirSync(folder.path).filter((file) => file.startsWith(`${name}.`))

/** Aborts after so many ranges. */
async function stopAfter(parts: number, key: string, target: DownloadTarget): Promise<unknown> {
  const stop = new AbortController()
  let seen = 0
  const onEvent = (event: { type: string }): void => {
    if (event.type === 'part' && ++seen === parts) stop.abort(new Error('enough'))
  }
  return await store.current
    .transfer({ memoryBudget })
    .download(key, target, { signal: stop.signal, onEvent })
    .catch((error: unknown) => error)
}

describe('to a path', () => {
  test.each([
    ['nothing', 0],
    ['one byte', 1],
    ['one range', 8 * MIB],
    ['a byte more', 8 * MIB + 1],
    ['many', data.length],
  ])('%s', async (name, size) => {
    const bytes = data.subarray(0, size)
    await put(`path/${name}`, bytes)
    const result = await store.current.transfer().download(`path/${name}`, toPath(path(name)))
    expect(readFileSync(path(name)).equals(bytes)).toBe(true)
    expect(result).toMatchObject({ bytes: size, plainBytes: size, sha256: sha256(bytes), keptBytes: 0 })
    expect(result.proof).toBe(size <= partSize ? 'sha256' : 'crc32')
    expect(leftovers(name)).toEqual([])
  })
  test('tells how far it is', async () => {
    await put('told', data)
    const { events, onEvent } = watch()
    await store.current.transfer().download('told', toPath(path('told')), { onEvent })
    const progress = events.flatMap((event) => (event.type === 'progress' ? [event] : []))
    expect([...new Set(progress.map(({ phase }) => phase))]).toEqual(['starting', 'receiving', 'verifying', 'done'])
    expect(progress.at(-1)).toMatchObject({ bytes: data.length, bytesTotal: data.length, parts: 3, partsTotal: 3 })
  })
  test('replaces a file in one step, and leaves it alone when the content is wrong', async () => {
    await put('replaced', data)
    writeFileSync(path('replaced'), 'before')
    const wrong = store.current.transfer().download('replaced', toPath(path('replaced')), { sha256: 'a'.repeat(64) })
    await expect(wrong).rejects.toMatchObject({ code: 'CORRUPT', resumable: false })
    expect(readFileSync(path('replaced'), 'utf8')).toBe('before')
    expect(leftovers('replaced')).toEqual([])
    await store.current.transfer().download('replaced', toPath(path('replaced')), { sha256: sha256(data) })
    expect(readFileSync(path('replaced')).equals(data)).toBe(true)
  })
  test('refuses what is not there, and where it cannot write', async () => {
    const transfer = store.current.transfer()
    await expect(transfer.download('absent', toPath(path('absent')))).rejects.toMatchObject({ code: 'NO_SUCH_KEY' })
    expect(leftovers('absent')).toEqual([])
    await put('here', data.subarray(0, 10))
    const nowhere = transfer.download('here', toPath(path('no/such/folder')))
    await expect(nowhere).rejects.toMatchObject({ code: 'TARGET_UNWRITABLE' })
  })
})

describe('going on', () => {
  test('keeps what came, and asks only for the rest', async () => {
    await put('on', data)
    const target = path('on')
    expect(await stopAfter(4, 'on', toPath(target))).toMatchObject({ code: 'ABORTED', resumable: true })
    expect(existsSync(target)).toBe(false)
    const { size } = statSync(`${target}.part`)
    expect(size).toBeGreaterThanOrEqual(4 * (memoryBudget / 8))
    const { events, onEvent } = watch()
    const result = await store.current.transfer().download('on', toPath(target), { onEvent })
    expect(result).toMatchObject({ keptBytes: size, sha256: sha256(data) })
    const came = events.reduce((sum, event) => sum + (event.type === 'part' ? event.bytes : 0), 0)
    expect(came).toBe(data.length - size)
    expect(readFileSync(target).equals(data)).toBe(true)
    expect(leftovers('on')).toEqual([])
  })
  test('starts anew when the object is another one by now', async () => {
    await put('anew', data)
    await stopAfter(4, 'anew', toPath(path('anew')))
    const other = bytesOf(data.length, 9)
    await put('anew', other)
    const result = await store.current.transfer().download('anew', toPath(path('anew')))
    expect(result.keptBytes).toBe(0)
    expect(readFileSync(path('anew')).equals(other)).toBe(true)
  })
  test('starts anew when what was kept is damaged', async () => {
    await put('damaged', data)
    await stopAfter(4, 'damaged', toPath(path('damaged')))
    const part = readFileSync(`${path('damaged')}.part`)
    part[100] = (part[100] ?? 0) ^ 1
    writeFileSync(`${path('damaged')}.part`, part)
    const result = await store.current.transfer().download('damaged', toPath(path('damaged')))
    expect(result.keptBytes).toBe(0)
    expect(readFileSync(path('damaged')).equals(data)).toBe(true)
  })
  test.each(['{', '{"v":1}', 'null', ''])('takes a note of %j for none', async (note) => {
    await put('noted', data.subarray(0, 100))
    writeFileSync(`${path('noted')}.part`, 'x'.repeat(50))
    writeFileSync(`${path('noted')}.part.json`, note)
    const result = await store.current.transfer().download('noted', toPath(path('noted')))
    expect(result.keptBytes).toBe(0)
    expect(leftovers('noted')).toEqual([])
  })
  test('two at one path: the second is refused', async () => {
    await put('twice', data)
    const transfer = store.current.transfer()
    const both = [1, 2].map(() => transfer.download('twice', toPath(path('twice'))))
    const ends = await Promise.allSettled(both)
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(ends.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'CONFLICT' } })
    expect(readFileSync(path('twice')).equals(data)).toBe(true)
  })
  test('another living process at one path is respected', async () => {
    await put('other', data)
    await stopAfter(2, 'other', toPath(path('other')))
    const note = `${path('other')}.part.json`
    const mark = JSON.stringify(processMark(process.ppid))
    const text = readFileSync(note, 'utf8')
      .replace(/"pid":\d+/, `"pid":${process.ppid}`)
      .replace(/"mark":"[^"]*"/, `"mark":${mark}`)
    writeFileSync(note, text)
    const refused = store.current.transfer().download('other', toPath(path('other')))
    await expect(refused).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(readFileSync(note, 'utf8')).toBe(text)
  })
})

describe('one version only', () => {
  /** Replaces the object once, before the first bytes are written. */
  const meddling = (target: DownloadTarget, replace: () => Promise<unknown>): DownloadTarget => {
    let done = false
    return {
      ...target,
      open: async (object) => {
        const opened = await target.open(object)
        const write = async (chunk: Uint8Array): Promise<void> => {
          if (!done) await replace()
          done = true
          await opened.write(chunk)
        }
        return { ...opened, write }
      },
    }
  }
  const other = bytesOf(data.length, 5)

  test('an object that is replaced while it is read is read anew', async () => {
    await put('moving', data)
    const target = meddling(toPath(path('moving')), () => put('moving', other))
    const result = await store.current.transfer({ memoryBudget }).download('moving', target)
    expect(result.sha256).toBe(sha256(other))
    expect(readFileSync(path('moving')).equals(other)).toBe(true)
  })
  test('a stream that has bytes of the old one is told so', async () => {
    await put('stream', data)
    const target = meddling(
      toWriter('test', async () => undefined),
      () => put('stream', other),
    )
    const ended = store.current.transfer({ memoryBudget }).download('stream', target)
    await expect(ended).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

describe('to a stream', () => {
  test('in order, no faster than it is taken', async () => {
    await put('slow', data)
    const pieces: Buffer[] = []
    let taken = 0
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        taken += chunk.length
        pieces.push(Buffer.from(chunk))
        setTimeout(done, 5)
      },
    })
    let lead = 0
    const onEvent = (event: { type: string; bytes?: number; phase?: string }): void => {
      if (event.phase === 'receiving') lead = Math.max(lead, (event.bytes ?? 0) - taken)
    }
    await store.current.transfer({ memoryBudget }).download('slow', toStream(slow), { onEvent })
    expect(Buffer.concat(pieces).equals(data)).toBe(true)
    expect(lead).toBeLessThanOrEqual(memoryBudget + memoryBudget / 8)
  })
  test('a stream that breaks ends the download', async () => {
    await put('broken', data)
    const stream = new PassThrough()
    stream.destroy(new Error('the reader is gone'))
    const ended = store.current.transfer().download('broken', toStream(stream))
    await expect(ended).rejects.toMatchObject({ code: 'TARGET_UNWRITABLE' })
  })
  test('a wrong hash is told at the end', async () => {
    await put('told-late', data)
    const ended = store.current.transfer().download(
      'told-late',
      toWriter('test', async () => undefined),
      { sha256: 'b'.repeat(64) },
    )
    await expect(ended).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})

describe('compressed objects', () => {
  const text = Buffer.from('one line of many that are nearly the same, number '.repeat(300_000))
  test.each(['gzip', 'zstd'] as const)('%s is undone', async (compress) => {
    const key = `text.${compress}`
    await put(key, text, { compress })
    const transfer = store.current.transfer()
    const result = await transfer.download(key, toPath(path(key)))
    expect(result).toMatchObject({ plainBytes: text.length, proof: 'sha256', sha256: sha256(text) })
    expect(result.bytes).toBeLessThan(text.length / 10)
    expect(readFileSync(path(key)).equals(text)).toBe(true)
    expect(leftovers(key)).toEqual([])
    const pieces: Uint8Array[] = []
    const writer = toWriter('test', async (chunk) => void pieces.push(chunk.slice()))
    await transfer.download(key, writer)
    expect(Buffer.concat(pieces).equals(text)).toBe(true)
    const raw = await transfer.download(key, toPath(path(`${key}.raw`)), { decode: false })
    expect(statSync(path(`${key}.raw`)).size).toBe(raw.bytes)
  })
  test('a compressed object goes on too', async () => {
    const key = 'going-on.gzip'
    const noise = bytesOf(14 * MIB)
    await put(key, noise, { compress: 'gzip' })
    expect(await stopAfter(3, key, toPath(path(key)))).toMatchObject({ code: 'ABORTED' })
    const result = await store.current.transfer().download(key, toPath(path(key)))
    expect(result.keptBytes).toBeGreaterThan(0)
    expect(readFileSync(path(key)).equals(noise)).toBe(true)
    expect(leftovers(key)).toEqual([])
  })
})

test('paused, it asks for no more, and goes on', async () => {
  await put('paused', data)
  const pause = createPauseSwitch()
  let parts = 0
  const onEvent = (event: { type: string }): void => {
    if (event.type === 'part' && ++parts === 3) {
      pause.pause()
      setTimeout(() => pause.resume(), 50)
    }
  }
  const { events, onEvent: see } = watch()
  const both = (event: Parameters<typeof see>[0]): void => {
    see(event)
    onEvent(event)
  }
  await store.current.transfer({ memoryBudget }).download('paused', toPath(path('paused')), { pause, onEvent: both })
  expect(readFileSync(path('paused')).equals(data)).toBe(true)
  expect(events.length).toBeGreaterThan(10)
  const phases = events.flatMap((event) => (event.type === 'progress' ? [event.phase] : []))
  const changes = phases.filter((phase, at) => phase !== phases[at - 1])
  expect(changes).toEqual(['starting', 'receiving', 'paused', 'receiving', 'verifying', 'done'])
})

test('a signal that was given before stops it at once', async () => {
  await put('early', data)
  const ended = store.current.transfer().download('early', toPath(path('early')), { signal: AbortSignal.abort() })
  await expect(ended).rejects.toBeInstanceOf(TransferError)
  await expect(ended).rejects.toMatchObject({ code: 'ABORTED' })
  expect(leftovers('early')).toEqual([])
})
