import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type DownloadOptions, fromBytes, type TransferEvent } from '../../src/index.ts'
import { toPath } from '../../src/node/index.ts'
import { bytesOf, MIB, useFolder, useStore } from '../store.ts'

// Stores that compute checksums of their own make everything provable.
const store = useStore({ alwaysDevnet: true })
const folder = useFolder()
const data = bytesOf(21 * MIB + 99)
/** Ranges of 1.25 MiB. */
const memoryBudget = 10 * MIB
const path = (name: string): string => join(folder.path, name)
const put = (key: string, bytes: Uint8Array, checksum: 'crc32' | 'none', compress?: 'gzip'): Promise<unknown> =>
  store.current.transfer({ partSize: 5 * MIB, checksum }).upload(fromBytes(bytes), { key, compress })

/** Stops when `isMoment` says so. */
async function stopped(key: string, isMoment: (event: TransferEvent) => boolean): Promise<unknown> {
  const stop = new AbortController()
  const options: DownloadOptions = {
    signal: stop.signal,
    onEvent: (event) => (isMoment(event) ? stop.abort() : undefined),
  }
  return await store.current
    .transfer({ memoryBudget })
    .download(key, toPath(path(key)), options)
    .catch((error: unknown) => error)
}
const afterParts = (most: number): ((event: TransferEvent) => boolean) => {
  let seen = 0
  return ({ type }) => type === 'part' && ++seen === most
}

test('a signal is heard while what was kept is read again', async () => {
  await put('kept', data, 'crc32')
  await stopped('kept', afterParts(12))
  const phases = new Set<string>()
  const end = await stopped('kept', (event) => {
    if (event.type === 'progress') phases.add(event.phase)
    return event.type === 'progress' && event.phase === 'resuming'
  })
  expect(end).toMatchObject({ code: 'ABORTED', resumable: true })
  expect([...phases]).toEqual(['starting', 'resuming'])
})
test('what was kept counts among the ranges', async () => {
  await put('counted', data, 'crc32')
  await stopped('counted', afterParts(6))
  const events: TransferEvent[] = []
  const onEvent = (event: TransferEvent): void => void events.push(event)
  const done = await store.current.transfer({ memoryBudget }).download('counted', toPath(path('counted')), { onEvent })
  expect(done.keptBytes).toBeGreaterThan(0)
  const last = events.findLast((event) => event.type === 'progress')
  expect(last).toMatchObject({ phase: 'done', bytes: data.length, bytesTotal: data.length, parts: last?.partsTotal })
  expect(events.filter((event) => event.type === 'part' && event.state === 'kept').length).toBeGreaterThan(3)
})
test('a signal is heard while it is decompressed', async () => {
  await put('packed', new Uint8Array(40 * MIB), 'crc32', 'gzip')
  const end = await stopped('packed', (event) => event.type === 'progress' && event.phase === 'verifying')
  expect(end).toMatchObject({ code: 'ABORTED', resumable: true })
  expect(
    readdirSync(folder.path)
      .filter((name) => name.startsWith('packed'))
      .sort(),
  ).toEqual(['packed.part', 'packed.part.json'])
})

describe('when nothing can tell whether kept bytes are right', () => {
  test('what surely came to disk is kept', async () => {
    await put('safe', data, 'none')
    await stopped('safe', afterParts(6))
    const result = await store.current.transfer().download('safe', toPath(path('safe')))
    expect(result.keptBytes).toBeGreaterThan(0)
    expect(readFileSync(path('safe')).equals(data)).toBe(true)
  })
  test('what a run left that did not end is not', async () => {
    await put('lost', data, 'none')
    await stopped('lost', afterParts(6))
    const note = `${path('lost')}.part.json`
    const text = readFileSync(note, 'utf8')
    writeFileSync(note, text.replace(/"safe":\d+/, '"safe":0'))
    const part = readFileSync(`${path('lost')}.part`)
    writeFileSync(`${path('lost')}.part`, part.fill(0, 4096, 8192))
    const { keptBytes } = await store.current.transfer().download('lost', toPath(path('lost')))
    expect(keptBytes).toBe(0)
    expect(readFileSync(path('lost')).equals(data)).toBe(true)
  })
})

test('the number of a process that died may be used again', async () => {
  await put('dead', data, 'crc32')
  await stopped('dead', afterParts(3))
  const note = `${path('dead')}.part.json`
  const text = readFileSync(note, 'utf8').replace(/"pid":\d+/, `"pid":${process.ppid}`)
  writeFileSync(note, text.replace(/"mark":"[^"]*"/, '"mark":"before the last reboot"'))
  const { keptBytes } = await store.current.transfer().download('dead', toPath(path('dead')))
  expect(keptBytes).toBeGreaterThan(0)
})
test('a folder as target, or no hash, is told before anything comes', async () => {
  await put('early', data.subarray(0, 100), 'crc32')
  mkdirSync(path('folder'))
  const transfer = store.current.transfer()
  const ended = transfer.download('early', toPath(path('folder')))
  await expect(ended).rejects.toMatchObject({ code: 'TARGET_UNWRITABLE', resumable: false })
  expect(existsSync(`${path('folder')}.part`)).toBe(false)
  const wrong = transfer.download('early', toPath(path('early')), { sha256: 'A'.repeat(64) })
  await expect(wrong).rejects.toMatchObject({ code: 'BAD_OPTION' })
})
