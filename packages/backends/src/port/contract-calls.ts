import { createHash } from 'node:crypto'
import type { FailedPut, PutObject, StorageBackend, StoredCopy, StoredObject } from './storage-backend.ts'
import { BackendError } from './errors.ts'

export const sha256Of = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

export function objectOf(key: string, content: string | Uint8Array): PutObject {
  const data = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return { key, bytes: data.length, sha256: sha256Of(data), source: { data } }
}

export async function putAll(
  backend: StorageBackend,
  objects: readonly PutObject[],
  signal?: AbortSignal,
): Promise<(StoredCopy | FailedPut)[]> {
  const results: (StoredCopy | FailedPut)[] = []
  for await (const result of backend.put(objects, signal === undefined ? {} : { signal })) results.push(result)
  return results
}

export async function readKey(
  backend: StorageBackend,
  key: string,
  start?: number,
  end?: number,
): Promise<Buffer | null> {
  const opened = await backend.open(key, start === undefined ? undefined : { start, end: end ?? start })
  if (opened === null) return null
  const chunks: Uint8Array[] = []
  for await (const chunk of opened.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function listAll(backend: StorageBackend, prefix: string): Promise<StoredObject[]> {
  const found: StoredObject[] = []
  for await (const object of backend.list(prefix)) found.push(object)
  return found
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (error: unknown) => error,
  )
  if (!BackendError.is(error)) throw new Error(`expected a BackendError, got ${String(error)}`, { cause: error })
  return error.code
}
