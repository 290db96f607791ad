import { stat as statFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { TransferError, withDeadline } from '@sluice/transfer'
import type { ByteRange, OpenedObject, PutObject, StorageBackend, StoredCopy } from '../port/storage-backend.ts'
import { throwIfAborted } from '../port/content.ts'
import { BackendError } from '../port/errors.ts'
import { checkKey, checkPrefix } from '../port/key.ts'
import type { BucketAccess } from './access.ts'
import { transferFailure } from './failures.ts'
import { listInOrder } from './list.ts'
import { createOpenSigned } from './open.ts'
import { proveStored } from './proof.ts'
import { putEach } from './put-each.ts'
import { createTransferPut } from './put.ts'
import { createBucketTransfer } from './transfer.ts'

export interface BucketBackendOptions {
  /** Default `s3`. */
  readonly name?: string
  /** Objects of a batch sent at the same time, default 4. */
  readonly parallelPuts?: number
  /** Size of a part, 5 MiB to 5 GiB; default by size. At most 64 MiB are in memory at once, or one larger part. */
  readonly partBytes?: number
  /** Attempts in a row without any progress before a put fails, default 5. */
  readonly attempts?: number
  /**
   * SQLite file that remembers uploads in parts, so that a later process goes on with them. Without it a failed one is
   * aborted; with it, its parts stay on the server until it is sent again or aborted.
   */
  readonly journalFile?: string
  /** A connection to the store on which nothing moves for so long is cut, milliseconds; default 120,000. */
  readonly stallMs?: number
}

const DELETES_PER_CALL = 1000

/**
 * A bucket, directly or through its gateway. Objects go through the transfer engine, each checked by the store; one that
 * knows no checksums is verified by its MD5 ETag or by reading the object back.
 */
export function createBucketBackend(access: BucketAccess, options: BucketBackendOptions = {}): StorageBackend {
  const { where, sessions, callMs, now } = access
  const { parallelPuts = 4, stallMs = 120_000, journalFile, partBytes } = options
  const openSigned = createOpenSigned(access.createSender().send, stallMs)
  const retry = { attempts: options.attempts ?? 5, capMs: 5000 }
  const putOne = createTransferPut(
    () => createBucketTransfer(access, { partSize: partBytes, stallMs, journalFile, retry }),
    { journalFile, now },
  )

  async function open(key: string, range?: ByteRange, signal?: AbortSignal): Promise<OpenedObject | null> {
    const once = async (): Promise<OpenedObject | null> => {
      const signed = await ask(`read ${where}${key}`, signal, (call) => sessions.signGet(key, call))
      return signed === null ? null : await openSigned(key, signed, range, signal)
    }
    try {
      return await once()
    } catch (error) {
      const isLate = TransferError.is(error) && (error.code === 'EXPIRED' || error.code === 'CLOCK_SKEW')
      if (!isLate) throw error
      // From the answer to a question the sessions learn how far our clock is off.
      await ask(`look up ${where}${key}`, signal, (call) => sessions.stat(key, call))
      return await once()
    }
  }

  /** Whether the stored object is this one; reads it back only if nothing else tells. */
  async function isStored(object: PutObject, signal: AbortSignal): Promise<boolean> {
    const found = await ask(`look up ${where}${object.key}`, signal, (call) => sessions.stat(object.key, call))
    if (found === null || found.metadata['sha256'] !== object.sha256) return false
    const proof = await proveStored(found, object, signal)
    if (proof !== 'unknown') return proof === 'same'
    const opened = await open(object.key, undefined, signal)
    if (opened === null) return false
    const hash = createHash('sha256')
    for await (const chunk of opened.body) hash.update(chunk)
    return opened.bytes === object.bytes && hash.digest('hex') === object.sha256
  }

  async function put(object: PutObject, signal: AbortSignal): Promise<StoredCopy> {
    const { key, bytes, sha256 } = object
    checkKey(key)
    throwIfAborted(signal)
    await checkSize(object)
    const copy: StoredCopy = { ok: true, key, bytes, sha256, location: where + key }
    if (await isStored(object, signal)) return copy
    if (await putOne(object, signal)) return copy
    if (await isStored(object, signal)) return copy
    throw new BackendError('CORRUPT', `${copy.location} differs from what was sent. Try again.`, { retryable: true })
  }

  /** One question with a deadline. @throws TransferError */
  const ask = <T>(
    what: string,
    signal: AbortSignal | undefined,
    question: (call: { readonly signal: AbortSignal }) => T | Promise<T>,
  ): Promise<T> => withDeadline(what, callMs, signal, question)

  /** Runs one call; its failure becomes ours. */
  async function telling<T>(what: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    throwIfAborted(signal)
    try {
      return await work()
    } catch (error) {
      throwIfAborted(signal)
      throw transferFailure(what, error)
    }
  }

  return {
    name: options.name ?? 's3',
    put: putEach(put, parallelPuts, (key) => where + key),
    async stat(key, { signal } = {}) {
      checkKey(key)
      const what = `look up ${where}${key}`
      const found = await telling(what, signal, () => ask(what, signal, (call) => sessions.stat(key, call)))
      if (found === null) return null
      const noted = found.metadata['sha256'] ?? ''
      return { key, bytes: found.bytes, sha256: /^[0-9a-f]{64}$/.test(noted) ? noted : null }
    },
    async open(key, range, { signal } = {}) {
      checkKey(key)
      return await telling(`read ${where}${key}`, signal, () => open(key, range, signal))
    },
    async *list(prefix, { signal } = {}) {
      checkPrefix(prefix)
      const objects = listInOrder(access, prefix, signal)
      for (;;) {
        const next = await telling(`list ${where}${prefix}`, signal, () => objects.next())
        if (next.done === true) return
        for (const { key, bytes } of next.value) yield { key, bytes, sha256: null }
      }
    },
    async delete(keys, { signal } = {}) {
      for (const key of keys) checkKey(key)
      throwIfAborted(signal)
      const what = `delete objects below ${where}`
      for (let at = 0; at < keys.length; at += DELETES_PER_CALL) {
        const some = keys.slice(at, at + DELETES_PER_CALL)
        await telling(what, signal, () => ask(what, signal, (call) => sessions.delete(some, call)))
      }
    },
  }
}

/** Before anything is asked: what has another size than announced is not the object. */
async function checkSize({ key, bytes, source }: PutObject): Promise<void> {
  // A missing file is told of when it is read.
  const found = 'data' in source ? source.data.length : ((await statFile(source.path).catch(() => null))?.size ?? bytes)
  if (found === bytes) return
  const text = `The content of ${key} has ${found} bytes instead of ${bytes}. Export it again.`
  throw new BackendError('SOURCE_CHANGED', text, { retryable: false })
}
