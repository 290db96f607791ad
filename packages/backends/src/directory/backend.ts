import { randomUUID } from 'node:crypto'
import { constants, type Dirent } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { FailedPut, PutObject, StorageBackend, StoredCopy, StoredObject } from '../port/storage-backend.ts'
import { readContent, throwIfAborted } from '../port/content.ts'
import { directoryError, isAbsent } from './errors.ts'
import { BackendError } from '../port/errors.ts'
import { digestFile, expectBytes, readPart, removeOld, sizeOf, syncFolder, writeWhole } from './files.ts'
import { checkKey, checkPrefix } from '../port/key.ts'
import { resolveRange } from '../port/range.ts'
import { streamOf } from '../port/stream.ts'

export interface DirectoryBackendOptions {
  /** Absolute or relative path; created when absent. */
  readonly root: string
  /** Default `directory`. */
  readonly name?: string
  /** Milliseconds since 1970; the clock of the file system. */
  readonly now?: () => number
}

/** Unfinished files live here, so that a half-written one is never taken for an object. */
const incoming = '.sluice-incoming'
/** An unfinished file that nobody wrote to for so long is what a killed process left. */
const abandonedMs = 24 * 3_600_000

/**
 * Objects as plain files below a folder, the key being the path: for air-gapped use, mounted disks and tests.
 * A file appears whole or not at all and survives a power cut once reported as stored (written aside, fsync, read
 * back, rename, fsync of the folder). Symbolic links are not followed. `stat` re-hashes the file, `list` does not.
 */
export function createDirectoryBackend(options: DirectoryBackendOptions): StorageBackend {
  const { name = 'directory', now = Date.now } = options
  let swept: Promise<void> | null = null

  /** Path of a key, after making sure that no folder on the way is a symbolic link. Null: that folder is absent. */
  async function locate(key: string): Promise<string | null> {
    checkKey(key)
    if (key === incoming || key.startsWith(`${incoming}/`)) {
      throw new BackendError('BAD_KEY', `Bad key ${key}: ${incoming} is reserved.`, { retryable: false })
    }
    const path = join(options.root, key)
    try {
      const root = await realpath(options.root)
      if ((await realpath(dirname(path))) === dirname(join(root, key))) return path
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
    throw new BackendError('BAD_KEY', `A folder of ${key} is a symbolic link; links are not followed.`, {
      retryable: false,
    })
  }

  async function openFile(key: string): Promise<{ file: FileHandle; bytes: number } | null> {
    const path = await locate(key)
    if (path === null) return null
    try {
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
      const stat = await file.stat()
      if (stat.isFile()) return { file, bytes: stat.size }
      await file.close()
      return null
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
  }

  async function statOne(key: string, signal?: AbortSignal): Promise<StoredObject | null> {
    const opened = await openFile(key)
    if (opened === null) return null
    return { key, ...(await digestFile(opened.file, signal)) }
  }

  async function putOne(object: PutObject, signal?: AbortSignal): Promise<StoredCopy> {
    const { key, bytes, sha256 } = object
    await mkdir(options.root, { recursive: true })
    await locate(key)
    const path = join(options.root, key)
    const copy: StoredCopy = { ok: true, key, bytes, sha256, location: path }
    const existing = await statOne(key, signal)
    if (existing?.sha256 === sha256 && existing.bytes === bytes) return copy

    const aside = join(options.root, incoming)
    await mkdir(aside, { recursive: true })
    // Only tidying up: a failure must not stand in the way of a put.
    await (swept ??= removeOld(aside, now() - abandonedMs).catch(() => undefined))
    const temporary = join(aside, `${randomUUID()}-${basename(key).slice(0, 100)}`)
    try {
      await writeWhole(temporary, readContent(object, signal))
      const written = await digestFile(await open(temporary, 'r'), signal)
      if (written.sha256 !== sha256) {
        throw new BackendError(
          'CORRUPT',
          `The disk gave back other bytes than were written for ${key}. Check the disk.`,
          { retryable: true },
        )
      }
      const created = await mkdir(dirname(path), { recursive: true })
      await locate(key)
      await rename(temporary, path)
      // A new folder is durable once its parent is flushed too: up to the first one that was there before.
      const top = created === undefined ? dirname(path) : dirname(created)
      for (let folder = dirname(path); ; folder = dirname(folder)) {
        await syncFolder(folder)
        if (folder === top || folder === dirname(folder)) break
      }
      return copy
    } finally {
      await rm(temporary, { force: true })
    }
  }

  async function* walk(folder: string, base: string): AsyncGenerator<string, void> {
    let entries: Dirent[]
    try {
      entries = await readdir(folder, { withFileTypes: true })
    } catch (error) {
      if (isAbsent(error)) return
      throw error
    }
    // A folder sorts as its name with "/" behind, which is how its keys compare with their neighbours.
    const named = entries.map((entry) => ({ entry, order: entry.isDirectory() ? `${entry.name}/` : entry.name }))
    named.sort((a, b) => (a.order < b.order ? -1 : 1))
    for (const { entry } of named) {
      if (base === '' && entry.name === incoming) continue
      if (entry.isDirectory()) yield* walk(join(folder, entry.name), `${base}${entry.name}/`)
      else if (entry.isFile()) yield base + entry.name
    }
  }

  async function guard<T>(what: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    throwIfAborted(signal)
    try {
      return await work()
    } catch (error) {
      throw directoryError(what, error)
    }
  }

  async function putGuarded(object: PutObject, signal?: AbortSignal): Promise<StoredCopy | FailedPut> {
    try {
      return await guard(`store ${object.key}`, signal, () => putOne(object, signal))
    } catch (error) {
      return { ok: false, key: object.key, error: directoryError(`store ${object.key}`, error) }
    }
  }

  return {
    name,
    // One after the other: a disk gains nothing from parallel fsyncs of whole files.
    async *put(objects, { signal } = {}) {
      for (const object of objects) yield await putGuarded(object, signal)
    },
    stat: (key, { signal } = {}) => guard(`read ${key}`, signal, () => statOne(key, signal)),
    open: (key, range, { signal } = {}) =>
      guard(`read ${key}`, signal, async () => {
        const opened = await openFile(key)
        if (opened === null) return null
        try {
          const { start, end } = resolveRange(key, opened.bytes, range)
          const chunks = expectBytes(key, end - start, readPart(opened.file, start, end, signal))
          return { key, bytes: opened.bytes, body: streamOf(chunks, () => opened.file.close()) }
        } catch (error) {
          await opened.file.close()
          throw error
        }
      }),
    async *list(prefix, { signal } = {}) {
      checkPrefix(prefix)
      throwIfAborted(signal)
      const base = prefix.slice(0, prefix.lastIndexOf('/') + 1)
      try {
        if ((await locate(`${base}x`)) === null) return
        for await (const key of walk(join(options.root, base), base)) {
          throwIfAborted(signal)
          if (!key.startsWith(prefix)) continue
          const bytes = await sizeOf(join(options.root, key))
          if (bytes !== null) yield { key, bytes, sha256: null }
        }
      } catch (error) {
        throw directoryError(`list ${prefix}`, error)
      }
    },
    async delete(keys, { signal } = {}) {
      for (const key of keys) checkKey(key)
      for (const key of keys) {
        await guard(`delete ${key}`, signal, async () => {
          const path = await locate(key)
          if (path === null) return
          await rm(path, { force: true })
          await syncFolder(dirname(path))
        })
      }
    },
  }
}
