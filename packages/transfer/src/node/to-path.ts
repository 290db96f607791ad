import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { DownloadedObject, DownloadTarget, OpenTarget } from '../download/target.ts'
import { TransferError } from '../errors.ts'
import type { DownloadNote } from './download-note.ts'
import { processMark } from '../journal/process-mark.ts'

/** The mark of no process. */
const NOBODY = 'nobody'
const CHUNK_BYTES = 1024 * 1024
/** Paths that this process is writing to. */
const busy = new Set<string>()

/**
 * A download to a file. Bytes collect in `{path}.part` (with a note in `{path}.part.json`), which a later process
 * continues; the file itself appears, or is replaced, in one step after everything was verified and is on disk.
 */
export function toPath(path: string): DownloadTarget {
  const target = resolve(path)
  return {
    name: path,
    restarts: true,
    open: (object) => guard(target, () => openPart(target, object)),
    openDecoded: () => guard(target, () => openFresh(target, `${target}.part.plain`)),
  }
}

async function openPart(target: string, object: DownloadedObject): Promise<OpenTarget> {
  const part = `${target}.part`
  const note = `${part}.json`
  const old = await readNote(note)
  const isOthers = old !== null && old.pid !== process.pid && processMark(old.pid) === old.mark
  if (busy.has(target) || isOthers) {
    const text = `Process ${old?.pid ?? process.pid} is downloading to ${target}. If it is not, remove ${note}.`
    throw new TransferError('CONFLICT', text, { retryable: false })
  }
  busy.add(target)
  let file: FileHandle | null = null
  try {
    if (await isFolder(target)) {
      const text = `${target} is a folder; name the file in it.`
      throw new TransferError('TARGET_UNWRITABLE', text, { retryable: false })
    }
    const { destination, key, etag, bytes } = object
    const own = { destination, key, etag, bytes, pid: process.pid, mark: processMark(process.pid) ?? '' }
    const same = old?.destination === destination && old.key === key && old.etag === etag && old.bytes === bytes
    file = await open(part, same ? 'a+' : 'w+')
    await replaceFile(note, JSON.stringify({ ...own, safe: 0 }))
    const there = same ? (await file.stat()).size : 0
    const kept = there > bytes ? 0 : object.isProvable ? there : Math.min(there, old?.safe ?? 0)
    if (kept < there) await file.truncate(kept)
    const opened = openedFile(target, part, file, kept)
    /** Any other process may go on from here. */
    const free = async (): Promise<void> => {
      if (!object.isProvable) await file?.sync()
      const safe = object.isProvable ? 0 : ((await file?.stat())?.size ?? 0)
      await replaceFile(note, JSON.stringify({ ...own, mark: NOBODY, safe }))
    }
    const forget = async (): Promise<void> => {
      busy.delete(target)
      await rm(note, { force: true })
    }
    return {
      ...opened,
      commit: () => opened.commit().then(forget),
      discard: () => opened.discard().then(forget),
      leave: async () => {
        try {
          await free().catch(() => undefined) // the next run finds a note of a process that has ended, or starts anew
          await opened.leave()
        } finally {
          busy.delete(target)
        }
      },
    }
  } catch (error) {
    busy.delete(target)
    await file?.close()
    throw error
  }
}

async function openFresh(target: string, path: string): Promise<OpenTarget> {
  const opened = openedFile(target, path, await open(path, 'w+'), 0)
  return { ...opened, leave: () => opened.discard() }
}

/** Appends to `path`, which becomes `target` at commit. */
function openedFile(target: string, path: string, file: FileHandle, kept: number): OpenTarget {
  let size = kept
  let closed = false
  const close = async (): Promise<void> => {
    if (closed) return
    closed = true
    await file.close()
  }
  return {
    kept,
    async *replay() {
      const buffer = new Uint8Array(CHUNK_BYTES)
      for (let at = 0; at < size;) {
        const { bytesRead } = await guard(target, () => file.read(buffer, 0, Math.min(CHUNK_BYTES, size - at), at))
        if (bytesRead === 0)
          throw new TransferError('CORRUPT', `${path} became shorter; try again.`, { retryable: true })
        at += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    },
    write: (chunk) =>
      guard(target, async () => {
        for (let at = 0; at < chunk.length;) {
          const { bytesWritten } = await file.write(chunk, at, chunk.length - at, null)
          at += bytesWritten
          size += bytesWritten
        }
      }),
    commit: () =>
      guard(target, async () => {
        await file.sync()
        await close()
        await rename(path, target)
        await syncFolder(target)
      }),
    discard: () =>
      guard(target, async () => {
        if (closed) return
        await close()
        await rm(path, { force: true })
      }),
    leave: () => guard(target, close),
  }
}

/** Null when there is none, or nothing that this version wrote. */
async function readNote(path: string): Promise<DownloadNote | null> {
  try {
    const text = await readFile(path, 'utf8')
    const { parseNote } = await import('./download-note.ts')
    return parseNote(text)
  } catch {
    return null
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const fresh = `${path}.${randomUUID().slice(0, 8)}`
  const file = await open(fresh, 'wx')
  try {
    await file.writeFile(text)
  } finally {
    await file.close()
  }
  await rename(fresh, path)
}

/** A rename survives a power cut only when its folder is on disk too. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

async function guard<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (TransferError.is(cause)) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    const isFull = code === 'ENOSPC' || code === 'EDQUOT'
    const advice = isFull ? 'The disk is full; make room and try again' : 'Check the path and its rights'
    const text = `Cannot write ${target}: ${message}. ${advice}.`
    throw new TransferError(isFull ? 'NO_SPACE' : 'TARGET_UNWRITABLE', text, {
      retryable: false,
      resumable: isFull,
      cause,
    })
  }
}
