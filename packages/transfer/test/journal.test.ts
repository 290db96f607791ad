import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openSqlite } from '@sluice/sqlite'
import { describe, expect, test } from 'vitest'
import { createMemoryJournal, createPauseSwitch, createTransfer, fromBytes, TransferError } from '../src/index.ts'
import { createHttpSender, createNodeHashing, createSqliteJournal } from '../src/node/index.ts'
import { processMark } from '../src/journal/process-mark.ts'
import { bytesOf, MIB, sha256, useFolder, useStore } from './store.ts'

const store = useStore()
const folder = useFolder()
const data = bytesOf(12 * MIB, 4)
const hash = sha256(data)
const partSize = 5 * MIB

/** Makes all claims those of another process. */
function holdAs(file: string, pid: number, mark = processMark(pid)): void {
  const db = openSqlite(file)
  db.prepare('UPDATE claim SET pid = ?, mark = ?').run(pid, mark)
  db.close()
}

const entry = {
  uploadId: 'u1',
  destination: 'd',
  key: 'k',
  partSize,
  bytes: null,
  fingerprint: 'f',
  source: 's',
  checksum: 'crc32',
  startedAt: 5,
  expected: null,
} as const

test.each([
  ['memory', createMemoryJournal],
  ['SQLite', () => createSqliteJournal(join(folder.path, randomUUID()))],
])('a %s journal knows at once whether it holds an upload', async (_, create) => {
  const journal = create()
  expect(journal.isEmpty?.()).toBe(true)
  await journal.save(entry)
  expect(journal.isEmpty?.()).toBe(false)
  await journal.remove('u1')
  expect(journal.isEmpty?.()).toBe(true)
})

describe('the SQLite journal', () => {
  test('is looked into every 100 ms for what other processes noted', async () => {
    const file = join(folder.path, randomUUID())
    let time = 5000
    const journal = createSqliteJournal(file, () => time)
    expect(journal.isEmpty?.()).toBe(true)
    const other = createSqliteJournal(file)
    await other.save(entry)
    expect(await journal.find('d', 'k')).not.toBeNull()
    time += 99
    expect(journal.isEmpty?.()).toBe(true)
    time += 1
    expect(journal.isEmpty?.()).toBe(false)
    journal.close()
    other.close()
  })
  test('keeps what it was given, the newest first', async () => {
    const file = join(folder.path, `${randomUUID()}/deep/journal`)
    const first = createSqliteJournal(file)
    await first.save(entry)
    await first.save({ ...entry, uploadId: 'u2', startedAt: 6 })
    const part = { partNumber: 3, bytes: 9, crc32: 'AAAAAA==', etag: 'e' }
    await first.savePart('u1', part)
    await first.savePart('unknown', part)
    const expected = { bytes: 1, crc32: 'c', crc32OfParts: null, etag: null, sha256: 'h', parts: 1 }
    await first.save({ ...entry, expected })
    first.close()
    const second = createSqliteJournal(file)
    expect(await second.find('d', 'k')).toMatchObject({ uploadId: 'u2' })
    expect(await second.parts('u1')).toEqual([part])
    expect(await second.list()).toEqual([
      { ...entry, expected },
      { ...entry, uploadId: 'u2', startedAt: 6 },
    ])
    await second.remove('u1')
    expect(await second.parts('u1')).toEqual([])
    expect(await second.find('other', 'k')).toBeNull()
    second.close()
  })
  test('a key is claimed by one living process', async () => {
    const file = join(folder.path, randomUUID())
    const journal = createSqliteJournal(file)
    expect(await journal.claim('d', 'k')).toBe('granted')
    expect(await journal.claim('d', 'k')).toBe('granted')
    holdAs(file, process.ppid)
    expect(await journal.claim('d', 'k')).toBe('denied')
    holdAs(file, process.ppid, 'before the last reboot')
    expect(await journal.claim('d', 'k')).toBe('inherited')
    await journal.release('d', 'k', true)
    expect(await journal.claim('d', 'k')).toBe('granted')
    journal.close()
  })
  test('what a process started on the server and died before it was noted is taken back', async () => {
    const file = join(folder.path, randomUUID())
    const place = store.current
    const journal = createSqliteJournal(file)
    await journal.claim(place.sessions().destination, 'untold')
    journal.close()
    await place.sessions().open({ key: 'untold', bytes: null, partSize, checksum: 'crc32' })
    await place.sessions().open({ key: 'untold/other', bytes: null, partSize, checksum: 'crc32' })
    holdAs(file, process.ppid, 'before the last reboot')
    const result = await place.transfer({ partSize, journalFile: file }).upload(fromBytes(data), { key: 'untold' })
    expect(result).toMatchObject({ sha256: hash, partsKept: 0 })
    expect(await place.openUploads()).toBe(1)
    for (const other of await place.transfer().list('untold/')) await place.transfer().abort(other)
  })
  test('what is being sent is not given up as stale', async () => {
    const file = join(folder.path, randomUUID())
    const transfer = store.current.transfer({ partSize, journalFile: file, concurrency: 1 })
    const pause = createPauseSwitch()
    const stop = new AbortController()
    const sweep = async (): Promise<void> => {
      for (const open of await transfer.list('sent')) await transfer.abort(open, { ifIdle: true })
      stop.abort()
    }
    const onEvent = (event: { type: string }): void => {
      if (event.type !== 'part' || pause.paused) return
      pause.pause()
      void sweep()
    }
    const ended = transfer.upload(fromBytes(data), { key: 'sent', signal: stop.signal, onEvent, pause })
    await expect(ended).rejects.toMatchObject({ code: 'ABORTED', resumable: true })
    const [open] = await transfer.list('sent')
    const journal = createSqliteJournal(file)
    await journal.claim(store.current.sessions().destination, 'sent')
    holdAs(file, process.ppid)
    await transfer.abort(open!, { ifIdle: true })
    expect(await store.current.openUploads()).toBe(1)
    holdAs(file, process.ppid, 'before the last reboot')
    await transfer.abort(open!, { ifIdle: true })
    expect(await store.current.openUploads()).toBe(0)
    journal.close()
  })
  test('a start that failed leaves no claim of this process, and is looked into by the next', async () => {
    const file = join(folder.path, randomUUID())
    const place = store.current
    const sessions = place.sessions()
    const open: typeof sessions.open = async (request, options) => {
      await sessions.open(request, options)
      throw new TransferError('FORBIDDEN', 'the answer was lost', { retryable: false })
    }
    const failing = place.transfer({ partSize, journalFile: file, sessions: { ...sessions, open } })
    await expect(failing.upload(fromBytes(data), { key: 'unclear' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await place.openUploads()).toBe(1)
    const journal = createSqliteJournal(file)
    expect(await journal.claim(sessions.destination, 'unclear')).toBe('inherited')
    await journal.release(sessions.destination, 'unclear', false)
    journal.close()
    await place.transfer({ partSize, journalFile: file }).upload(fromBytes(data), { key: 'unclear' })
    expect(await place.openUploads()).toBe(0)
  })
  test('an upload that cannot be noted is not left on the server', async () => {
    const full = new TransferError('JOURNAL', 'the disk is full', { retryable: false })
    const journal = { ...createMemoryJournal(), save: async () => await Promise.reject(full) }
    const sender = createHttpSender()
    const common = { sessions: store.current.sessions(), send: sender.send, hashing: createNodeHashing(), partSize }
    const ended = createTransfer({ ...common, journal }).upload(fromBytes(data), { key: 'unnoted' })
    await expect(ended).rejects.toMatchObject({ code: 'JOURNAL' })
    expect(await store.current.openUploads()).toBe(0)
    sender.close()
  })
  test('a file that is no journal is a clear error', async () => {
    const file = join(folder.path, randomUUID())
    await writeFile(file, 'this is no database, but a text that is long enough to be taken for one'.repeat(20))
    expect(() => createSqliteJournal(file)).toThrow(expect.objectContaining({ code: 'JOURNAL', name: 'TransferError' }))
  })
})
