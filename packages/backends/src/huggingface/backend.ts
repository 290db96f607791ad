import { createHash } from 'node:crypto'

import { type CommitOperation, HubApiError, listFiles, type PathInfo } from '@huggingface/hub'
import { z } from 'zod'

import type { FailedPut, PutObject, StorageBackend, StoredObject } from '../port/storage-backend.ts'
import { throwIfAborted } from '../port/content.ts'
import { BackendError } from '../port/errors.ts'
import { commitPlan } from './commit.ts'
import { hubError } from './errors.ts'
import { openFile, type ResolvedLinks } from './open.ts'
import { putInTurn } from './put.ts'
import { type HuggingFaceRepositoryOptions, inTurn, openRepository, readPaths } from './repository.ts'
import { checkKey, checkPrefix } from '../port/key.ts'

export interface HuggingFaceBackendOptions extends HuggingFaceRepositoryOptions {
  /** Default `huggingface`. */
  readonly name?: string
}

/** These belong to the repository, not to its objects: never listed, never put. See `updateDatasetCard`. */
const furniture = new Set(['.gitattributes', 'README.md', 'stats.json'])
const deletesPerCommit = 500

/**
 * A HuggingFace dataset repository: one commit per 100 objects, commits to one repository one after the other,
 * Parquet in LFS. Every object is verified by the SHA-256 of LFS, or by the git blob id of small files.
 * `stat` reads small files back, since git does not know their SHA-256.
 * @throws BackendError UNAUTHORIZED or BAD_KEY when token or repository cannot be right
 */
export function createHuggingFaceBackend(options: HuggingFaceBackendOptions): StorageBackend {
  const repository = openRepository(options)
  const links: ResolvedLinks = new Map()

  /** A repository that the first put creates is empty until then. */
  async function orAbsent<T>(work: () => Promise<T>, absent: T): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (repository.create && BackendError.is(error) && error.code === 'NOT_FOUND') return absent
      throw error
    }
  }

  async function read(key: string, signal?: AbortSignal): Promise<PathInfo | null> {
    const infos = await orAbsent(() => readPaths(repository, [key], signal), new Map<string, PathInfo>())
    return infos.get(key) ?? null
  }

  async function hashOf(key: string, signal?: AbortSignal): Promise<string | null> {
    const opened = await openFile(repository, links, key, undefined, signal)
    if (opened === null) return null
    const hash = createHash('sha256')
    for await (const chunk of opened.body) hash.update(chunk)
    return hash.digest('hex')
  }

  async function* files(prefix: string, signal?: AbortSignal): AsyncGenerator<StoredObject, void> {
    const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
    // The client puts the path into the URL as it is.
    const path = folder.split('/').map(encodeURIComponent).join('/')
    const entries = listFiles({ ...repository.access, recursive: true, path, fetch: repository.fetch(signal) })
    for await (const entry of entries) {
      throwIfAborted(signal)
      const { path: key, size: bytes, type, lfs } = entryShape.parse(entry)
      if (type !== 'file' || furniture.has(key) || !key.startsWith(prefix)) continue
      yield { key, bytes, sha256: lfs?.oid ?? null }
    }
  }

  async function deleteSome(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    const remaining = async (): Promise<CommitOperation[] | null> => {
      const infos = await orAbsent(() => readPaths(repository, keys, signal), new Map<string, PathInfo>())
      for (const key of keys) links.delete(key)
      return infos.size === 0 ? null : [...infos.keys()].map((path) => ({ operation: 'delete', path }))
    }
    const title = keys.length === 1 ? `Delete ${keys[0]}` : `Delete ${keys.length} files`
    await inTurn(repository, () => commitPlan(repository, { title, remaining }, signal), signal)
  }

  return {
    name: options.name ?? 'huggingface',
    async *put(objects, { signal } = {}) {
      const good: PutObject[] = []
      for (const object of objects) {
        const error = keyError(object.key)
        if (error === null) good.push(object)
        else yield { ok: false, key: object.key, error } satisfies FailedPut
      }
      for (const { key } of good) links.delete(key)
      for await (const result of putInTurn(repository, good, signal)) {
        links.delete(result.key)
        yield result
      }
    },
    async stat(key, { signal } = {}) {
      checkKey(key)
      const info = await read(key, signal)
      if (info === null) return null
      return { key, bytes: info.size, sha256: info.lfs?.oid ?? (await hashOf(key, signal)) }
    },
    async open(key, range, { signal } = {}) {
      checkKey(key)
      return await orAbsent(() => openFile(repository, links, key, range, signal), null)
    },
    async *list(prefix, { signal } = {}) {
      checkPrefix(prefix)
      throwIfAborted(signal)
      const found = new Map<string, StoredObject>()
      try {
        // The hub's order is git's; a listing that breaks off must not have begun.
        for await (const object of files(prefix, signal)) {
          if (found.has(object.key)) throw repeated(repository.id, object.key)
          found.set(object.key, object)
        }
      } catch (thrown) {
        if (thrown instanceof HubApiError && thrown.statusCode === 404) return // EntryNotFound: no such folder
        const error = hubError(`list ${prefix} of ${repository.id}`, thrown, signal)
        if (repository.create && error.code === 'NOT_FOUND') return
        throw error
      }
      yield* [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
    },
    async delete(keys, { signal } = {}) {
      for (const key of keys) checkKey(key)
      throwIfAborted(signal)
      for (let at = 0; at < keys.length; at += deletesPerCommit) {
        await deleteSome(keys.slice(at, at + deletesPerCommit), signal)
      }
    },
  }
}

const entryShape = z.object({
  path: z.string(),
  type: z.string(),
  size: z.int().nonnegative(),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
})

/** Else pages that go round in a circle would be read for ever. */
function repeated(repository: string, key: string): BackendError {
  const message = `The listing of ${repository} is broken: ${key} comes twice. Try again.`
  return new BackendError('PROTOCOL', message, { retryable: true })
}

function keyError(key: string): BackendError | null {
  try {
    checkKey(key)
  } catch (error) {
    if (BackendError.is(error)) return error
    throw error
  }
  if (!furniture.has(key) && !key.split('/').includes('.git')) return null
  return new BackendError('BAD_KEY', `${key} belongs to the HuggingFace repository itself. Choose another name.`, {
    retryable: false,
  })
}
