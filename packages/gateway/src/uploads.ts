/** What can be done with objects and uploads, whatever API asked for it. Keys are whole and already below the signer's prefix. */
import { createHash } from 'node:crypto'
import type { Admission } from './admission.ts'
import { stateful } from './state/stateful.ts'
import { GatewayError } from './errors.ts'
import type { Limits } from './limits.ts'
import type { Log } from './log.ts'
import { limitsOf, planParts, requirePart, tooLargeObject } from './part-limits.ts'
import type { Session, State } from './state/state.ts'
import type { PresignedRequest } from '@sluice/presign'
import type { NamedPart, ObjectStore, StoredPart } from './store/store.ts'

interface NewObject {
  readonly key: string
  readonly contentType?: string | undefined
  readonly contentEncoding?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** Hex; goes into the metadata. */
  readonly sha256?: string | undefined
}

interface Timed extends PresignedRequest {
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

export interface Uploads {
  /** One PUT of exactly so many bytes; null bytes only for old clients that do not say. */
  put(
    address: string,
    object: NewObject & { bytes: number | null; crc32?: string | undefined; seconds?: number },
    now: number,
  ): Promise<Timed>
  open(
    address: string,
    object: NewObject & { bytes: number | null; partSize: number; checksum: 'crc32' | 'none' },
    now: number,
  ): Promise<Session>
  /** The signer's own upload of this key. @throws GatewayError NO_SUCH_UPLOAD */
  find(address: string, uploadId: string, key: string): Promise<Session>
  /** URLs for parts; null bytes only for old clients that do not say. */
  sign(
    address: string,
    session: Session,
    parts: readonly { partNumber: number; bytes: number | null; crc32?: string | undefined }[],
    now: number,
    seconds?: number,
  ): Promise<readonly (Timed & { readonly partNumber: number })[]>
  parts(session: Session, after: number): Promise<{ parts: readonly StoredPart[]; next: number | null }>
  complete(
    address: string,
    session: Session,
    parts: readonly NamedPart[],
    crc32: string | null,
    now: number,
  ): Promise<{ etag: string; bytes: number }>
  /** Repeated until the store lists no part, since one that was on its way may still have landed. */
  abort(session: Session): Promise<void>
}

export interface UploadsOptions {
  readonly admission: Admission
  readonly state: State
  readonly store: ObjectStore
  readonly limits: Limits
  readonly log: Pick<Log, 'info'>
}

/** A finished upload's answer is kept so long, for a client that did not get it. */
const FINISHED_MS = 3_600_000

export function createUploads({ admission, state, store, limits, log }: UploadsOptions): Uploads {
  const putUrl: Uploads['put'] = async (address, { bytes, crc32, seconds, ...object }, now) => {
    admission.writer(address)
    if (bytes !== null && bytes > limits.objectBytes) throw tooLargeObject(limits)
    if (bytes !== null && bytes > limits.putBytes) {
      throw new GatewayError('TOO_LARGE', `One PUT takes at most ${limits.putBytes} bytes; use a multipart upload.`)
    }
    // The store would take its own 5 GiB of it.
    if (bytes === null && limits.objectBytes < limits.putBytes) {
      const text = `An object takes at most ${limits.objectBytes} bytes here, so a PUT must say its size.`
      throw new GatewayError('TOO_LARGE', text)
    }
    const expiresSeconds = seconds ?? limits.urlSeconds
    const headers = {
      ...(bytes === null ? {} : { 'content-length': String(bytes) }),
      ...(object.contentType === undefined ? {} : { 'content-type': object.contentType }),
      ...(object.contentEncoding === undefined ? {} : { 'content-encoding': object.contentEncoding }),
      // Without naming the algorithm, radosgw does not look at the checksum of a plain PUT.
      ...(crc32 === undefined ? {} : { 'x-amz-checksum-crc32': crc32, 'x-amz-sdk-checksum-algorithm': 'CRC32' }),
      ...Object.fromEntries(Object.entries(metadataOf(object)).map(([name, value]) => [`x-amz-meta-${name}`, value])),
    }
    const request = await store.presign({ method: 'PUT', key: object.key, headers, expiresSeconds })
    return { ...request, expiresAt: now + expiresSeconds * 1000 }
  }

  const open: Uploads['open'] = async (address, { bytes, partSize, checksum, ...object }, now) => {
    admission.writer(address)
    const maxParts = planParts(bytes, partSize, limits)
    // Before the store is asked, so that a full hotkey costs it nothing; `open` below decides.
    if ((await stateful(state.openCount(address))) >= limits.openUploads) throw tooMany()
    const { key, contentType, contentEncoding } = object
    const uploadId = await store.create({ key, contentType, contentEncoding, metadata: metadataOf(object), checksum })
    const expiresAt = now + limits.uploadSeconds * 1000
    const session: Session = {
      uploadId,
      hotkey: address,
      key,
      bytes,
      partSize,
      maxParts,
      checksum,
      openedAt: now,
      expiresAt,
      result: null,
    }
    try {
      const opening = await stateful(state.open(session, { uploads: limits.openUploads, bytes: limits.openBytes }))
      if (opening !== 'opened') throw tooMany()
    } catch (error) {
      // Nobody knows this upload, so nobody could abort it.
      await store.abort(key, uploadId).catch(() => undefined)
      throw error
    }
    log.info({ hotkey: address, key, bytes, maxParts }, 'upload opened')
    return session
  }

  const find: Uploads['find'] = async (address, uploadId, key) => {
    const session = await stateful(state.find(uploadId))
    if (session !== null && session.hotkey === address && session.key === key) return session
    throw new GatewayError('NO_SUCH_UPLOAD', 'There is no such upload of this hotkey and key; start anew.')
  }

  const sign: Uploads['sign'] = async (address, session, parts, now, seconds) => {
    admission.finisher(address)
    requireOpen(session, now)
    const expiresSeconds = seconds ?? limits.urlSeconds
    const query = { uploadId: session.uploadId }
    return await Promise.all(
      parts.map(async ({ partNumber, bytes, crc32 }) => {
        requirePart(session, partNumber, bytes)
        if (session.checksum === 'crc32' && crc32 === undefined) {
          const text = 'The upload was opened with checksum "crc32", so each part needs its checksum_crc32.'
          throw new GatewayError('BAD_REQUEST', text)
        }
        const headers = {
          ...(bytes === null ? {} : { 'content-length': String(bytes) }),
          // A store that was not told of the algorithm at Create does not check the parts' header, or refuses it.
          ...(crc32 === undefined || session.checksum === 'none' ? {} : { 'x-amz-checksum-crc32': crc32 }),
        }
        const input = { method: 'PUT', key: session.key, query: { ...query, partNumber: String(partNumber) } } as const
        return {
          partNumber,
          ...(await store.presign({ ...input, headers, expiresSeconds })),
          expiresAt: now + expiresSeconds * 1000,
        }
      }),
    )
  }

  const complete: Uploads['complete'] = async (address, session, parts, crc32, now) => {
    admission.finisher(address)
    if (session.result !== null) return session.result
    requireOpen(session, now)
    requireAllParts(session, parts)
    const { key, uploadId, bytes } = session
    let etag: string
    try {
      if (bytes === null) await requireSmallEnough(session, parts, limitsOf(bytes, limits))
      const checksum = session.checksum === 'crc32' ? crc32 : null
      etag = (await store.complete(key, uploadId, parts, checksum, bytes)).etag
    } catch (error) {
      // The store may have done it and the answer got lost; then the object is there with the ETag of these parts.
      const stored = await store.head(key).catch(() => null)
      if (stored === null || plain(stored.etag) !== multipartEtag(parts)) throw error
      etag = stored.etag
    }
    const stored = await store.head(key)
    if (stored === null || (bytes !== null && stored.bytes !== bytes)) {
      throw new GatewayError('CONFLICT', 'The object has another size than was announced; upload it anew.')
    }
    const result = { etag, bytes: stored.bytes }
    await stateful(state.finish(uploadId, result, now + FINISHED_MS))
    const seconds = Math.round((now - session.openedAt) / 1000)
    log.info({ hotkey: address, key, bytes: result.bytes, parts: parts.length, seconds }, 'upload completed')
    return result
  }

  /** Parts of old clients are of any length, so what they make together is known only now. */
  const requireSmallEnough = async (
    { key, uploadId }: Session,
    parts: readonly NamedPart[],
    limits: Limits,
  ): Promise<void> => {
    const wanted = new Set(parts.map(({ partNumber }) => partNumber))
    let sum = 0
    for (let after: number | null = 0; after !== null;) {
      const page: Awaited<ReturnType<ObjectStore['parts']>> = await store.parts(key, uploadId, after)
      for (const { partNumber, bytes } of page.parts) if (wanted.has(partNumber)) sum += bytes
      after = page.next
    }
    if (sum > limits.objectBytes) throw tooLargeObject(limits)
  }

  const abort: Uploads['abort'] = async ({ hotkey, key, uploadId, bytes, result }) => {
    if (result === null) {
      for (let attempt = 0; attempt < 5; attempt++) {
        await store.abort(key, uploadId)
        if (await isGone(store, key, uploadId)) break
      }
    }
    await stateful(state.forget(uploadId))
    if (result === null) log.info({ hotkey, key, bytes }, 'upload aborted')
  }

  return {
    put: putUrl,
    open,
    find,
    sign,
    parts: async (session, after) => {
      if (session.result !== null) throw new GatewayError('NO_SUCH_UPLOAD', 'This upload is already complete.')
      return await store.parts(session.key, session.uploadId, after)
    },
    complete,
    abort,
  }
}

async function isGone(store: ObjectStore, key: string, uploadId: string): Promise<boolean> {
  try {
    return (await store.parts(key, uploadId, 0)).parts.length === 0
  } catch (error) {
    if (GatewayError.is(error) && error.code === 'NO_SUCH_UPLOAD') return true
    throw error
  }
}

function metadataOf({ metadata = {}, sha256 }: NewObject): Record<string, string> {
  return sha256 === undefined ? { ...metadata } : { ...metadata, sha256 }
}

function requireOpen({ expiresAt, result }: Session, now: number): void {
  if (result !== null) throw new GatewayError('NO_SUCH_UPLOAD', 'This upload is already complete.')
  if (now > expiresAt) throw new GatewayError('NO_SUCH_UPLOAD', 'This upload has expired; start anew.')
}

/** 1, 2, 3, … and, when the size is known, exactly as many as it takes: each part's length was signed. */
function requireAllParts({ bytes, partSize, maxParts }: Session, parts: readonly NamedPart[]): void {
  const expected = bytes === null ? parts.length : Math.max(1, Math.ceil(bytes / partSize))
  const isRow = parts.every(({ partNumber }, index) => partNumber === index + 1)
  if (isRow && parts.length === expected && parts.length <= maxParts) return
  throw new GatewayError('CONFLICT', `Name the parts 1 to ${expected}, each once and in order.`)
}

function tooMany(): GatewayError {
  const text = 'This hotkey has too many uploads open; complete or abort some.'
  return new GatewayError('TOO_MANY', text, { retryAfterSeconds: 30 })
}

const plain = (etag: string): string => etag.replaceAll('"', '')

/** The ETag that S3 gives an object of these parts: MD5 of their MD5s. Null-like when a part's ETag is no MD5. */
function multipartEtag(parts: readonly NamedPart[]): string {
  const digests = parts.map(({ etag }) => plain(etag))
  if (!digests.every((digest) => /^[0-9a-f]{32}$/.test(digest))) return 'unknown'
  return `${createHash('md5')
    .update(Buffer.from(digests.join(''), 'hex'))
    .digest('hex')}-${parts.length}`
}
