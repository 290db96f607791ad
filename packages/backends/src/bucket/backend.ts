import { stat as statFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { deleteObjects, listObjects, listPages } from '@sluice/gateway-api/client'
import type { PutObject, StorageBackend, StoredCopy } from '../port/storage-backend.ts'
import { throwIfAborted } from '../port/content.ts'
import { BackendError } from '../port/errors.ts'
import { createGatewayClient, type GatewayClientOptions } from './gateway-client.ts'
import { openTransfer } from './gateway-transfer.ts'
import { checkKey, checkPrefix } from '../port/key.ts'
import { createOpenPresigned } from './open.ts'
import { putEach } from './put-each.ts'
import { proveStored } from './proof.ts'
import { transferFailure } from './failures.ts'
import { createTransferPut } from './put.ts'

export interface GatewayBackendOptions extends GatewayClientOptions {
  /** Where the keys are, for people: `s3://bucket/data/hotkey=…/`. */
  readonly where: string
  /** Default `s3`. */
  readonly name?: string
  /** Objects of a batch sent at the same time, default 4. */
  readonly parallelPuts?: number
  /** Size of a part, 5 MiB to 5 GiB; default by size, at most 64 MiB are in memory at once. */
  readonly partBytes?: number
  /** Attempts in a row without any progress before a put fails, default 5. */
  readonly attempts?: number
  /** SQLite file that remembers uploads in parts, so that a later process goes on with them. */
  readonly journalFile?: string
  /** A connection to the store on which nothing moves for so long is cut, milliseconds; default 120,000. */
  readonly stallMs?: number
}

const DELETES_PER_CALL = 1000

/**
 * The subnet's bucket through its gateway, with nothing but the hotkey: the gateway signs single requests below the
 * hotkey's own prefix, and the bytes go straight to the store. Keys are relative to that prefix.
 */
export function createGatewayBackend(options: GatewayBackendOptions): StorageBackend {
  const { where, parallelPuts = 4, stallMs = 120_000, journalFile } = options
  const client = createGatewayClient(options)
  const { sessions } = client
  const openPresigned = createOpenPresigned(client.trust, stallMs)
  const retry = { attempts: options.attempts ?? 5, capMs: 5000 }
  const sizes = { partSize: options.partBytes, stallMs, completeMs: options.completeMs }
  const putOne = createTransferPut(() => openTransfer(client, { ...sizes, journalFile, retry }), {
    journalFile,
    now: client.now,
  })

  async function open(key: string, signal?: AbortSignal, range?: { start: number; end: number }) {
    const grant = await sessions.read(key, { signal })
    return grant === null ? null : await openPresigned(key, grant, range, signal)
  }

  /** Whether the stored object is this one; reads it back only if nothing else tells. */
  async function isStored(object: PutObject, signal: AbortSignal): Promise<boolean> {
    const found = await sessions.stat(object.key, { signal })
    if (found === null || found.metadata['sha256'] !== object.sha256) return false
    const facts = { ContentLength: found.bytes, ChecksumCRC32: found.crc32 ?? undefined, ETag: found.etag }
    const proof = await proveStored(facts, object, signal)
    if (proof !== 'unknown') return proof === 'same'
    const opened = await open(object.key, signal)
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
      const found = await telling(`look up ${where}${key}`, signal, () => sessions.stat(key, { signal }))
      if (found === null) return null
      const noted = found.metadata['sha256'] ?? ''
      return { key, bytes: found.bytes, sha256: /^[0-9a-f]{64}$/.test(noted) ? noted : null }
    },
    async open(key, range, { signal } = {}) {
      checkKey(key)
      return await telling(`read ${where}${key}`, signal, () => open(key, signal, range))
    },
    async *list(prefix, { signal } = {}) {
      checkPrefix(prefix)
      const pages = listPages(client.ask, listObjects, { prefix }, signal)
      for (;;) {
        const page = await telling(`list ${where}${prefix}`, signal, () => pages.next())
        if (page.done === true) return
        for (const { key, bytes } of page.value) yield { key, bytes, sha256: null }
      }
    },
    async delete(keys, { signal } = {}) {
      for (const key of keys) checkKey(key)
      throwIfAborted(signal)
      for (let at = 0; at < keys.length; at += DELETES_PER_CALL) {
        const body = { keys: keys.slice(at, at + DELETES_PER_CALL) }
        const what = `delete objects below ${where}`
        await telling(what, signal, () => client.ask(deleteObjects, { what, body, signal }))
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
