import type { FailedPut, PutObject, StorageBackend, StoredCopy } from './port/storage-backend.ts'
import { readContent, throwIfAborted } from './port/content.ts'
import { BackendError } from './port/errors.ts'
import { checkKey, checkPrefix } from './port/key.ts'
import { resolveRange } from './port/range.ts'
import { streamOf } from './port/stream.ts'

export interface MemoryBackendOptions {
  /** Default `memory`. */
  readonly name?: string
}

interface Entry {
  readonly data: Uint8Array
  readonly sha256: string
}

/** The reference: objects in this process, gone with it. For tests and examples. */
export function createMemoryBackend(options: MemoryBackendOptions = {}): StorageBackend {
  const name = options.name ?? 'memory'
  const entries = new Map<string, Entry>()

  async function putOne(object: PutObject, signal?: AbortSignal): Promise<StoredCopy | FailedPut> {
    try {
      checkKey(object.key)
      throwIfAborted(signal)
      const chunks: Uint8Array[] = []
      for await (const chunk of readContent(object, signal)) chunks.push(chunk)
      entries.set(object.key, { data: new Uint8Array(Buffer.concat(chunks)), sha256: object.sha256 })
      const { key, bytes, sha256 } = object
      return { ok: true, key, bytes, sha256, location: `${name}:${key}` }
    } catch (error) {
      if (!BackendError.is(error)) throw error
      return { ok: false, key: object.key, error }
    }
  }

  return {
    name,
    async *put(objects, { signal } = {}) {
      for (const object of objects) yield await putOne(object, signal)
    },
    async stat(key, { signal } = {}) {
      checkKey(key)
      throwIfAborted(signal)
      const entry = entries.get(key)
      return entry === undefined ? null : { key, bytes: entry.data.length, sha256: entry.sha256 }
    },
    async open(key, range, { signal } = {}) {
      checkKey(key)
      throwIfAborted(signal)
      const entry = entries.get(key)
      if (entry === undefined) return null
      const { start, end } = resolveRange(key, entry.data.length, range)
      return { key, bytes: entry.data.length, body: streamOf(chunksOf(entry.data.slice(start, end), signal)) }
    },
    async *list(prefix, { signal } = {}) {
      checkPrefix(prefix)
      const keys = [...entries.keys()].filter((key) => key.startsWith(prefix)).sort()
      for (const key of keys) {
        throwIfAborted(signal)
        const entry = entries.get(key)
        if (entry !== undefined) yield { key, bytes: entry.data.length, sha256: entry.sha256 }
      }
      throwIfAborted(signal)
    },
    async delete(keys, { signal } = {}) {
      for (const key of keys) checkKey(key)
      throwIfAborted(signal)
      for (const key of keys) entries.delete(key)
    },
  }
}

async function* chunksOf(data: Uint8Array, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < data.length; at += 65_536) {
    throwIfAborted(signal)
    yield data.subarray(at, at + 65_536)
  }
}
