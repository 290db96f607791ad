import { z } from 'zod'
import type {
  OpenUpload,
  ReadGrant,
  Session,
  SignedPart,
  SignedRequest,
  StoredObject,
  StoredPart,
} from './sessions/port.ts'

// The gateway's native API, version 1: snake_case JSON. Keys are relative to the caller's prefix, which the server
// derives from the signature of the request. Times are ISO 8601 or milliseconds since 1970.

const time = z.union([z.number(), z.string()]).transform((value, context) => {
  const ms = typeof value === 'number' ? value : Date.parse(value)
  if (Number.isFinite(ms)) return ms
  context.addIssue('no time')
  return z.NEVER
})
const headers = z.record(z.string(), z.string())
const metadata = z.record(z.string(), z.string()).default({})
const etag = z.string().transform((text) => text.replace(/^"|"$/g, ''))
const part_number = z.number().int().min(1).max(10_000)
const bytes = z.number().int().nonnegative()
const crc32 = z.string().nullable().default(null)
const signed = { url: z.url(), headers, expires_at: time }

/** `POST /uploads/url` */
export const urlReply: z.ZodType<SignedRequest> = z
  .object(signed)
  .transform(({ url, headers, expires_at }) => ({ method: 'PUT', url, headers, expiresAt: expires_at }))

/** `POST /uploads/multipart/init` */
export const initReply: z.ZodType<Omit<Session, 'key'>> = z
  .object({ upload_id: z.string().min(1), part_size: bytes.min(1), expires_at: time.nullable().default(null) })
  .transform(({ upload_id, part_size, expires_at }) => ({
    uploadId: upload_id,
    partSize: part_size,
    expiresAt: expires_at,
  }))

/** `POST /uploads/multipart/part-url` */
export const partUrlReply: z.ZodType<readonly SignedPart[]> = z
  .object({ parts: z.array(z.object({ part_number, ...signed })) })
  .transform(({ parts }) =>
    parts.map(({ part_number, url, headers, expires_at }) => ({
      partNumber: part_number,
      method: 'PUT' as const,
      url,
      headers,
      expiresAt: expires_at,
    })),
  )

/** `GET /uploads/multipart/parts` */
export const partsReply: z.ZodType<{ readonly parts: readonly StoredPart[]; readonly next: number | null }> = z
  .object({
    parts: z.array(z.object({ part_number, etag, bytes, checksum_crc32: crc32 })),
    next: z.number().int().nullable(),
  })
  .transform(({ parts, next }) => ({
    next,
    parts: parts.map(({ part_number, etag, bytes, checksum_crc32 }) => ({
      partNumber: part_number,
      etag,
      bytes,
      crc32: checksum_crc32,
    })),
  }))

/** `POST /uploads/multipart/complete` */
export const completeReply: z.ZodType<{ readonly etag: string }> = z.object({ etag })

/** `GET /uploads/multipart/list` */
export const listReply: z.ZodType<readonly OpenUpload[]> = z
  .object({ uploads: z.array(z.object({ upload_id: z.string(), key: z.string(), initiated_at: time })) })
  .transform(({ uploads }) =>
    uploads.map(({ upload_id, key, initiated_at }) => ({ uploadId: upload_id, key, initiatedAt: initiated_at })),
  )

/** `GET /uploads/stat/{key}` */
export const statReply: z.ZodType<StoredObject> = z
  .object({ bytes, etag, metadata, content_encoding: z.string().nullable().default(null), checksum_crc32: crc32 })
  .transform(({ content_encoding, checksum_crc32, ...rest }) => ({
    ...rest,
    contentEncoding: content_encoding,
    crc32: checksum_crc32,
  }))

/** `GET /uploads/download/{key}` */
export const downloadReply: z.ZodType<ReadGrant> = z
  .object({ ...signed, bytes, etag, metadata })
  .transform(({ expires_at, ...rest }) => ({ method: 'GET', ...rest, expiresAt: expires_at }))

export interface GatewayProblem {
  readonly code: string
  readonly message: string
  /** Seconds. */
  readonly retry_after?: number | undefined
}

/** Every error: `{error: {code, message, retry_after?}}`. */
export const errorReply: z.ZodType<{ readonly error: GatewayProblem }> = z.object({
  error: z.object({
    code: z.string().max(80),
    message: z.string().default(''),
    retry_after: z.number().nonnegative().optional(),
  }),
})
