import { createHash } from 'node:crypto'
import { BackendError, checkKey, checkPrefix, type StorageBackend, throwIfAborted } from '@sluice/backends'
import { readContent, resolveRange, streamOf } from '@sluice/backends'
import { openSqlite } from '@sluice/sqlite'

type Row = { readonly key: string; readonly bytes: number; readonly sha256: string }

export function createArchive(path: string): StorageBackend {
  const db = openSqlite(path)
  db.exec('CREATE TABLE IF NOT EXISTS objects(key TEXT PRIMARY KEY, sha256 TEXT, data BLOB)')
  const write = db.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?)')
  const read = db.prepare<[string], Buffer>('SELECT data FROM objects WHERE key = ?').pluck()
  const find = db.prepare<[string], Row>('SELECT key, length(data) AS bytes, sha256 FROM objects WHERE key = ?')
  const all = db.prepare<[], Row>('SELECT key, length(data) AS bytes, sha256 FROM objects ORDER BY key')
  const remove = db.prepare('DELETE FROM objects WHERE key = ?')

  /** Every call goes through here: a stop is heard, and what SQLite throws becomes a failure of this backend. */
  function ask<T>(signal: AbortSignal | undefined, question: () => T): T {
    throwIfAborted(signal)
    try {
      return question()
    } catch (cause) {
      throw new BackendError('UNAVAILABLE', `the archive ${path} cannot be used`, { retryable: true, cause })
    }
  }

  return {
    name: 'archive',
    async *put(objects, { signal } = {}) {
      for (const object of objects) {
        const { key, bytes, sha256 } = object
        try {
          checkKey(key)
          const chunks: Uint8Array[] = []
          for await (const chunk of readContent(object, signal)) chunks.push(chunk)
          ask(signal, () => write.run(key, sha256, Buffer.concat(chunks)))
          const stored = ask(signal, () => read.get(key)) ?? ''
          if (createHash('sha256').update(stored).digest('hex') !== sha256) {
            throw new BackendError('CORRUPT', `${key} came back changed`, { retryable: true })
          }
          yield { ok: true, key, bytes, sha256, location: `${path}#${key}` }
        } catch (error) {
          if (!BackendError.is(error)) throw error
          yield { ok: false, key, error }
        }
      }
    },
    async stat(key, { signal } = {}) {
      checkKey(key)
      return ask(signal, () => find.get(key)) ?? null
    },
    async open(key, range, { signal } = {}) {
      checkKey(key)
      const data = ask(signal, () => read.get(key))
      if (data === undefined) return null
      const { start, end } = resolveRange(key, data.length, range)
      const part = async function* (): AsyncGenerator<Uint8Array, void> {
        for (let at = start; at < end; at += 65_536) {
          throwIfAborted(signal)
          yield new Uint8Array(data.subarray(at, Math.min(end, at + 65_536)))
        }
      }
      return { key, bytes: data.length, body: streamOf(part()) }
    },
    async *list(prefix, { signal } = {}) {
      checkPrefix(prefix)
      yield* ask(signal, () => all.all()).filter(({ key }) => key.startsWith(prefix))
    },
    async delete(keys, { signal } = {}) {
      for (const key of keys) checkKey(key)
      for (const key of keys) ask(signal, () => remove.run(key))
    },
  }
}
