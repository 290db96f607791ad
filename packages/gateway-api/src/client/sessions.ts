import { type BucketSessions, type ObjectHead, type StoredPart, TransferError } from '@sluice/transfer'
import {
  abortUpload,
  completeUpload,
  deleteObjects,
  listObjects,
  listParts,
  listUploads,
  openUpload,
  signGet,
  signParts,
  signPut,
  statObject,
} from '../routes.ts'
import type { ListBody } from '../schemas.ts'
import { type AskGateway, createGatewayCaller, type GatewayCaller, type GatewayOptions, outOfLine } from './call.ts'
import {
  grantOf,
  objectOf,
  putOf,
  sessionOf,
  signedPartsOf,
  storedPartsOf,
  unquote,
  uploadsOf,
} from './upload-replies.ts'

/** One gateway as one hotkey sees it. */
export interface Gateway extends GatewayCaller {
  readonly sessions: BucketSessions
}

/** Calls nobody before the first question. */
export function openGateway(options: GatewayOptions): Gateway {
  const caller = createGatewayCaller(options)
  const destination = `${options.url.replace(/\/+$/, '')}/${options.hotkey.address}`
  return { ...caller, sessions: createGatewaySessions(caller.ask, destination) }
}

/**
 * A gateway decides where the bytes go and signs; they go to the store directly.
 * @param ask puts one question, in whatever way
 */
export function createGatewaySessions(ask: AskGateway, destination: string): BucketSessions {
  const sessions: BucketSessions = {
    destination,

    single: async (request, { signal } = {}) => {
      const body = { ...headOf(request), bytes: request.bytes, ...checksumOf(request.crc32) }
      return putOf(await ask(signPut, { what: `sign ${request.key}`, body, signal }))
    },

    open: async (request, { signal } = {}) => {
      const { bytes, partSize, checksum, key } = request
      const body = { ...headOf(request), bytes, part_size: partSize, checksum }
      return sessionOf(await ask(openUpload, { what: `start the upload of ${key}`, body, signal }), key)
    },

    sign: async ({ uploadId, key }, parts, { signal } = {}) => {
      const wanted = parts.map(({ partNumber, bytes, crc32 }) => ({
        part_number: partNumber,
        bytes,
        ...checksumOf(crc32),
      }))
      const body = { upload_id: uploadId, key, parts: wanted }
      return signedPartsOf(await ask(signParts, { what: `sign parts of ${key}`, body, signal }))
    },

    parts: async ({ uploadId, key }, { signal } = {}) => {
      const what = `list the parts of ${key}`
      const found: StoredPart[] = []
      for (let after = 0; ;) {
        const query = { upload_id: uploadId, key, after: String(after) }
        const page = await ask(listParts, { what, query, signal })
        found.push(...storedPartsOf(page))
        if (page.next === null) return found
        if (page.next <= after) throw outOfLine(what, 'its pages repeat themselves')
        after = page.next
      }
    },

    complete: async ({ uploadId, key }, parts, { crc32, signal } = {}) => {
      const named = parts.map((part) => ({
        part_number: part.partNumber,
        etag: part.etag,
        ...checksumOf(part.crc32),
      }))
      const body = { upload_id: uploadId, key, parts: named, ...checksumOf(crc32) }
      const { etag } = await ask(completeUpload, { what: `complete ${key}`, body, signal })
      return { etag: unquote(etag) }
    },

    abort: async ({ uploadId, key }, { signal } = {}) => {
      const query = { upload_id: uploadId, key }
      try {
        await ask(abortUpload, { what: `abort the upload of ${key}`, query, signal })
      } catch (error) {
        if (!TransferError.is(error) || error.code !== 'NO_SUCH_UPLOAD') throw error
      }
    },

    uploads: async (prefix = '', { signal } = {}) =>
      uploadsOf(await ask(listUploads, { what: 'list the open uploads', query: { prefix }, signal })),

    stat: async (key, { signal } = {}) => {
      const found = await orNull(ask(statObject, { what: `look up ${key}`, key, signal }))
      return found === null ? null : objectOf(found)
    },

    read: async (key, { signal } = {}) => {
      const found = await orNull(ask(signGet, { what: `read ${key}`, key, signal }))
      return found === null ? null : grantOf(found)
    },

    signGet: (key, options) => sessions.read(key, options),

    list: async function* (prefix, { signal } = {}) {
      const what = `list ${prefix}`
      const seen = new Set<string>()
      for (let body: ListBody = { prefix }; ;) {
        const { objects, next } = await ask(listObjects, { what, body, signal })
        yield objects.map(({ key, bytes }) => ({ key, bytes }))
        if (next === null) return
        if (seen.has(next)) throw outOfLine(what, 'its pages repeat themselves')
        seen.add(next)
        body = { prefix, after: next }
      }
    },

    delete: async (keys, { signal } = {}) =>
      void (await ask(deleteObjects, { what: 'delete objects', body: { keys }, signal })),
  }
  return sessions
}

function headOf({ key, contentType, contentEncoding, metadata, sha256 }: ObjectHead) {
  return {
    key,
    ...(contentType === undefined ? {} : { content_type: contentType }),
    ...(contentEncoding === undefined ? {} : { content_encoding: contentEncoding }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(sha256 === undefined ? {} : { sha256 }),
  }
}

function checksumOf(crc32: string | undefined): { readonly checksum_crc32?: string } {
  return crc32 === undefined ? {} : { checksum_crc32: crc32 }
}

/** Absence is a value. */
async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (TransferError.is(error) && error.code === 'NO_SUCH_KEY') return null
    throw error
  }
}
