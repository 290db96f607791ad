import type { FailedPut, PutObject, StorageBackend, StoredCopy } from '../port/storage-backend.ts'
import { parallel } from '../port/parallel.ts'
import { transferFailure } from './failures.ts'

/**
 * The `put` of a backend out of one that takes a single object: so many at once, and a bad one does not harm the others.
 * @param where the whole name of a key, for messages
 */
export function putEach(
  putOne: (object: PutObject, signal: AbortSignal) => Promise<StoredCopy>,
  parallelPuts: number,
  where: (key: string) => string,
): StorageBackend['put'] {
  const tried = async (object: PutObject, signal: AbortSignal): Promise<StoredCopy | FailedPut> => {
    try {
      return await putOne(object, signal)
    } catch (error) {
      return { ok: false, key: object.key, error: transferFailure(`put ${where(object.key)}`, error) }
    }
  }
  return (objects, { signal } = {}) => parallel(objects, parallelPuts, tried, signal)
}
