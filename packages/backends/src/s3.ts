import { createHash } from 'node:crypto'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { createS3Client, type S3Credentials, statusOf } from '@sluice/transfer/node'
import type { PutObject, StorageBackend, StoredCopy } from './port/storage-backend.ts'
import { BackendError } from './port/errors.ts'
import { createTrust, type TrustOptions } from './trust/endpoint-trust.ts'
import { checkKey, checkPrefix } from './port/key.ts'
import { parallel } from './port/parallel.ts'
import { putEach } from './bucket/put-each.ts'
import { guarded } from './s3-guarded.ts'
import { listObjects } from './s3-list.ts'
import { openObject } from './s3-open.ts'
import { createPutLarge } from './s3-large.ts'
import { putSingle, type S3Target } from './s3-upload.ts'
import { proveStored, statedSha256 } from './bucket/proof.ts'
import { transferFailure } from './bucket/failures.ts'

export interface S3BackendOptions {
  readonly bucket: string
  /** Put before every key; empty or ending with `/`. Default empty. */
  readonly prefix?: string
  /** Default `us-east-1`. */
  readonly region?: string
  /** Base URL of an S3-compatible store; null or absent = AWS. */
  readonly endpoint?: string | null
  readonly credentials: S3Credentials
  /** For an endpoint that comes from the chain: where it may lead. Default anywhere. */
  readonly trust?: TrustOptions | undefined
  /** Default `s3`. */
  readonly name?: string
  /** Objects of a batch sent at the same time, default 4. */
  readonly parallelPuts?: number
  /** Larger objects go in parallel parts, default 32 MiB; at most 5 GB (limit of one PutObject). */
  readonly multipartAbove?: number
  /** Size of a part, 5 MiB to 5 GiB; default by size. At most 64 MiB are in memory at once, or one larger part. */
  readonly partBytes?: number
  /** Attempts for each part before the put fails, default 5. */
  readonly partAttempts?: number
  /**
   * SQLite file that remembers uploads in parts, so that a later process goes on with them. Without it a failed one is
   * aborted; with it, its parts stay on the server until it is sent again or aborted.
   */
  readonly journalFile?: string
  /** Milliseconds until a connection stands, default 10,000. */
  readonly connectTimeoutMs?: number
  /** A request in which nothing moves for so long is cut, milliseconds, default 120,000 (sent bytes may sit in buffers). */
  readonly stallMs?: number
  /** Milliseconds the store may take to assemble a multipart object, default 300,000. */
  readonly completeMs?: number
}

const connections = 50
const deletesInFlight = 8

/**
 * Any S3-compatible store, with credentials. Objects are sent with their SHA-256 and verified with HeadObject
 * afterwards; a store that knows no checksums is verified by its MD5 ETag or by reading the object back.
 * @throws BackendError `BAD_KEY`, `UNTRUSTED`
 */
export function createS3Backend(options: S3BackendOptions): StorageBackend {
  const { bucket, prefix = '', stallMs = 120_000, parallelPuts = 4, multipartAbove = 32 * 1024 ** 2 } = options
  if (prefix !== '' && !prefix.endsWith('/')) {
    throw new BackendError('BAD_KEY', `The prefix ${prefix} must end with "/".`, { retryable: false })
  }
  checkPrefix(prefix)
  const trust = options.endpoint && options.trust !== undefined ? createTrust(options.trust) : null
  if (options.endpoint) trust?.check(options.endpoint)
  const client: S3Client = createS3Client({
    region: options.region ?? 'us-east-1',
    endpoint: options.endpoint ?? null,
    credentials: options.credentials,
    connectMs: options.connectTimeoutMs,
    connections: Math.max(connections, parallelPuts),
    lookup: trust?.lookup,
  })
  const describe = (fullKey: string): string => `s3://${bucket}/${fullKey}`
  const target: S3Target = { client, bucket, stallMs, describe }
  const putLarge = createPutLarge({
    bucket,
    prefix,
    region: options.region,
    endpoint: options.endpoint,
    credentials: options.credentials,
    trust: options.trust,
    journalFile: options.journalFile,
    partSize: options.partBytes,
    stallMs,
    callMs: stallMs,
    completeMs: options.completeMs,
    retry: { attempts: options.partAttempts ?? 5, capMs: 5000 },
  })

  /** Null when the store answers 404, be it the object or the bucket: a HEAD has no body to tell. */
  async function head(fullKey: string, signal?: AbortSignal): Promise<HeadObjectCommandOutput | null> {
    return await guarded(`read ${describe(fullKey)}`, stallMs, signal, async (abortSignal) => {
      try {
        const input = { Bucket: bucket, Key: fullKey, ChecksumMode: 'ENABLED' } as const
        return await client.send(new HeadObjectCommand(input), { abortSignal })
      } catch (error) {
        const status = statusOf(error)
        if (status === 404) return null
        if (status === null) throw error
        throw (await whyNot(fullKey, abortSignal)) ?? error
      }
    })
  }

  /** Asks with a GET of one byte, whose error has a code. Null when it says nothing worse than "no such key". */
  async function whyNot(fullKey: string, abortSignal: AbortSignal): Promise<BackendError | null> {
    try {
      const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: fullKey, Range: 'bytes=0-0' }), {
        abortSignal,
      })
      await reply.Body?.transformToByteArray()
      return null
    } catch (error) {
      if (abortSignal.aborted) throw error
      const status = statusOf(error)
      const code = error instanceof Error ? error.name : ''
      return code === 'NoSuchKey' || status === 416 ? null : transferFailure(`read ${describe(fullKey)}`, error)
    }
  }

  /** Whether the stored object is this one; reads it back only if nothing else tells. */
  async function isStored(found: HeadObjectCommandOutput, object: PutObject, signal?: AbortSignal): Promise<boolean> {
    const proof = await proveStored(found, object, signal)
    if (proof !== 'unknown') return proof === 'same'
    const opened = await openObject(target, prefix + object.key, object.key, undefined, signal)
    if (opened === null || opened.bytes !== object.bytes) {
      await opened?.body.cancel()
      return false
    }
    const hash = createHash('sha256')
    for await (const chunk of opened.body) hash.update(chunk)
    return hash.digest('hex') === object.sha256
  }

  async function putOne(object: PutObject, signal: AbortSignal): Promise<StoredCopy> {
    checkKey(object.key)
    const fullKey = prefix + object.key
    const { key, bytes, sha256 } = object
    const copy: StoredCopy = { ok: true, key, bytes, sha256, location: describe(fullKey) }
    const existing = await head(fullKey, signal)
    if (existing !== null && statedSha256(existing) === sha256 && (await isStored(existing, object, signal)))
      return copy

    if (bytes <= multipartAbove) await putSingle(target, fullKey, object, signal)
    else if (await putLarge(object, signal)) return copy

    const stored = await head(fullKey, signal)
    if (stored === null) {
      const message = `${copy.location} was accepted but is not there. Try again; check the store's health.`
      throw new BackendError('UNAVAILABLE', message, { retryable: true })
    }
    if (await isStored(stored, object, signal)) return copy
    throw new BackendError('CORRUPT', `${copy.location} differs from what was sent. Try again.`, { retryable: true })
  }

  return {
    name: options.name ?? 's3',
    put: putEach(putOne, parallelPuts, (key) => describe(prefix + key)),
    async stat(key, { signal } = {}) {
      checkKey(key)
      const found = await head(prefix + key, signal)
      if (found !== null) return { key, bytes: found.ContentLength ?? 0, sha256: statedSha256(found) }
      const reason = await guarded(`read ${describe(prefix + key)}`, stallMs, signal, (cut) =>
        whyNot(prefix + key, cut),
      )
      if (reason !== null) throw reason
      return null
    },
    async open(key, range, { signal } = {}) {
      checkKey(key)
      return await openObject(target, prefix + key, key, range, signal)
    },
    async *list(wanted, { signal } = {}) {
      checkPrefix(wanted)
      for await (const { key, bytes } of listObjects(target, prefix + wanted, signal)) {
        yield { key: key.slice(prefix.length), bytes, sha256: null }
      }
    },
    async delete(keys, { signal } = {}) {
      for (const key of keys) checkKey(key)
      const remove = (key: string, combined: AbortSignal): Promise<unknown> =>
        guarded(`delete ${describe(prefix + key)}`, stallMs, combined, (abortSignal) =>
          client.send(new DeleteObjectCommand({ Bucket: bucket, Key: prefix + key }), { abortSignal }),
        )
      for await (const reply of parallel(keys, deletesInFlight, remove, signal)) void reply
    },
  }
}
