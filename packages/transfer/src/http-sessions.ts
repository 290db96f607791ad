import { z } from 'zod'
import { TransferError } from './errors.ts'
import { createGatewayCaller, type GatewayOptions, outOfLine } from './http-call.ts'
import {
  completeReply,
  downloadReply,
  initReply,
  listReply,
  partsReply,
  partUrlReply,
  statReply,
  urlReply,
} from './http-wire.ts'
import type { ObjectHead, StoredPart, UploadSessions } from './sessions/port.ts'

export interface HttpSessionsOptions extends GatewayOptions {
  /** Who asks: its ss58 address. The prefix in the bucket follows from it, and so `destination` does. */
  readonly account: string
}

/** Sessions of the gateway's native API: it decides where the bytes go and signs; they go to the store directly. */
export function createHttpSessions(options: HttpSessionsOptions): UploadSessions {
  const ask = createGatewayCaller(options)
  return {
    destination: `${options.url.replace(/\/+$/, '')}/${options.account}`,

    single: async (request, { signal } = {}) => {
      const body = { ...headOf(request), bytes: request.bytes, ...checksumOf(request.crc32) }
      return await ask({ what: `sign ${request.key}`, method: 'POST', path: '/uploads/url', body, signal }, urlReply)
    },

    open: async (request, { signal } = {}) => {
      const { bytes, partSize, checksum, key } = request
      const body = { ...headOf(request), bytes, part_size: partSize, checksum }
      const path = '/uploads/multipart/init'
      const reply = await ask({ what: `start the upload of ${key}`, method: 'POST', path, body, signal }, initReply)
      return { ...reply, key }
    },

    sign: async ({ uploadId, key }, parts, { signal } = {}) => {
      const wanted = parts.map(({ partNumber, bytes, crc32 }) => ({
        part_number: partNumber,
        bytes,
        ...checksumOf(crc32),
      }))
      const body = { upload_id: uploadId, key, parts: wanted }
      const path = '/uploads/multipart/part-url'
      return await ask({ what: `sign parts of ${key}`, method: 'POST', path, body, signal }, partUrlReply)
    },

    parts: async ({ uploadId, key }, { signal } = {}) => {
      const what = `list the parts of ${key}`
      const found: StoredPart[] = []
      for (let after = 0; ;) {
        const query = { upload_id: uploadId, key, after: String(after) }
        const path = '/uploads/multipart/parts'
        const { parts, next } = await ask({ what, method: 'GET', path, query, signal }, partsReply)
        found.push(...parts)
        if (next === null) return found
        if (next <= after) throw outOfLine(what, 'its pages repeat themselves')
        after = next
      }
    },

    complete: async ({ uploadId, key }, parts, { crc32, signal } = {}) => {
      const named = parts.map((part) => ({
        part_number: part.partNumber,
        etag: part.etag,
        ...checksumOf(part.crc32),
      }))
      const body = { upload_id: uploadId, key, parts: named, ...checksumOf(crc32) }
      const path = '/uploads/multipart/complete'
      return await ask({ what: `complete ${key}`, method: 'POST', path, body, signal }, completeReply)
    },

    abort: async ({ uploadId, key }, { signal } = {}) => {
      const query = { upload_id: uploadId, key }
      const path = '/uploads/multipart/abort'
      try {
        await ask({ what: `abort the upload of ${key}`, method: 'DELETE', path, query, signal }, z.unknown())
      } catch (error) {
        if (!TransferError.is(error) || error.code !== 'NO_SUCH_UPLOAD') throw error
      }
    },

    uploads: async (prefix = '', { signal } = {}) => {
      const call = { what: 'list the open uploads', path: '/uploads/multipart/list', query: { prefix } }
      return await ask({ ...call, method: 'GET', signal }, listReply)
    },

    stat: async (key, { signal } = {}) => {
      const path = `/uploads/stat/${encodeKey(key)}`
      return await orNull(ask({ what: `look up ${key}`, method: 'GET', path, signal }, statReply))
    },

    read: async (key, { signal } = {}) => {
      const path = `/uploads/download/${encodeKey(key)}`
      return await orNull(ask({ what: `read ${key}`, method: 'GET', path, signal }, downloadReply))
    },
  }
}

function headOf({ key, contentType, contentEncoding, metadata, sha256 }: ObjectHead): Record<string, unknown> {
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

const encodeKey = (key: string): string => key.split('/').map(encodeURIComponent).join('/')
