import { z } from 'zod'

// The gateway's native API, version 1: snake_case JSON. Keys are relative to the prefix of a hotkey, which the server
// derives from the signature of the request. Times are ISO 8601, by the server's clock. A reply may gain fields; what a
// client does not know it leaves out.

interface About {
  readonly key: string
  readonly content_type?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly sha256?: string | undefined
}
export interface UrlBody extends About {
  readonly bytes: number
  readonly content_encoding?: string | undefined
  readonly checksum_crc32?: string | undefined
}
export interface InitBody extends About {
  readonly bytes: number | null
  readonly part_size: number
  readonly content_encoding?: string | undefined
  readonly checksum: 'crc32' | 'none'
}
export interface UploadQuery {
  readonly upload_id: string
  readonly key: string
}
export interface PartUrlBody extends UploadQuery {
  readonly parts: readonly { part_number: number; bytes: number; checksum_crc32?: string | undefined }[]
}
export interface PartsQuery extends UploadQuery {
  readonly after: number
}
export interface CompleteBody extends UploadQuery {
  readonly parts: readonly { part_number: number; etag: string; checksum_crc32?: string | undefined }[]
  readonly checksum_crc32?: string | undefined
}
export interface OpenQuery {
  readonly prefix: string
}
export interface ListBody {
  readonly prefix: string
  readonly after?: string | undefined
}
export interface DeleteBody {
  readonly keys: readonly string[]
}
export interface ReadListBody extends ListBody {
  readonly hotkey: string
}
export interface ReadUrlsBody extends DeleteBody {
  readonly hotkey: string
}

/** A request that anybody may send as it is until it expires. */
export interface Signed {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly expires_at: string
}
export interface UrlReply extends Signed {
  readonly key: string
  readonly method: 'PUT'
}
export interface InitReply {
  readonly upload_id: string
  readonly key: string
  readonly part_size: number
  readonly max_parts: number
  readonly expires_at: string
}
export interface PartUrlReply {
  readonly parts: readonly ({ readonly part_number: number } & Signed)[]
}
export interface PartsReply {
  readonly parts: readonly { part_number: number; etag: string; bytes: number; checksum_crc32: string | null }[]
  /** The `after` of the next page; null = this was the last. */
  readonly next: number | null
}
interface StoredReply {
  readonly key: string
  readonly bytes: number
  readonly etag: string
}
export type CompleteReply = StoredReply
export interface OpenReply {
  readonly uploads: readonly { upload_id: string; key: string; initiated_at: string }[]
}
export interface StatReply extends StoredReply {
  readonly metadata: Readonly<Record<string, string>>
  readonly content_encoding: string | null
  readonly checksum_crc32: string | null
}
export interface DownloadReply extends StoredReply, Signed {
  readonly metadata: Readonly<Record<string, string>>
}
export interface ListReply {
  /** In the order of the keys' bytes. */
  readonly objects: readonly StoredReply[]
  /** The `after` of the next page; null = this was the last. */
  readonly next: string | null
}
export interface DeleteReply {
  readonly deleted: number
}
export interface ReadUrlsReply {
  readonly urls: readonly { key: string; url: string; expires_at: string }[]
}
export interface ErrorReply {
  /** `retry_after` in seconds. */
  readonly error: { readonly code: string; readonly message: string; readonly retry_after?: number | undefined }
}

/** S3's 1024 less the 61 of `data/hotkey={ss58}/`. */
const MAX_KEY_BYTES = 963

const whole = (max: number): z.ZodNumber => z.number().int().min(0).max(max)
const size = whole(Number.MAX_SAFE_INTEGER)
const key = z.string().min(1).max(1024).describe('Relative to data/hotkey={ss58 of the signer}/.')
const uploadId = z.string().min(1).max(1024)
const partNumber = z.number().int().min(1).max(10_000)
const crc32 = z
  .string()
  .regex(/^[A-Za-z0-9+/]{6}==$/)
  .describe('CRC-32 in base64.')
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
export const etag: z.ZodString = z.string().regex(/^"?[A-Za-z0-9+/=_.-]{1,128}"?$/)
// Printable ASCII without a blank at the ends: what an HTTP header may hold and S3 gives back unchanged.
export const headerText: z.ZodString = z
  .string()
  .max(256)
  .regex(/^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/)
const metadata = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/), headerText)
  .refine((all) => Object.entries(all).reduce((sum, [name, value]) => sum + name.length + value.length, 0) <= 2000, {
    error: 'metadata is larger than 2000 characters',
  })
const about = { content_type: headerText.min(1).optional(), metadata: metadata.optional(), sha256: sha256.optional() }
// A key of the old forms may have any character but half a surrogate pair, and as many bytes as S3 allows.
const after = z
  .string()
  .min(1)
  .max(MAX_KEY_BYTES)
  .regex(/^\P{Cs}+$/u)
  .refine((text) => new TextEncoder().encode(text).length <= MAX_KEY_BYTES, {
    error: `it has more than ${MAX_KEY_BYTES} bytes`,
  })
const hotkey = z.string().min(46).max(50)
const headers = z.record(z.string(), z.string())
const time = z.iso.datetime()
const signed = { url: z.url(), headers, expires_at: time }
// Replies tell what the store holds, whoever put it there.
const object = { key: z.string().max(1024), bytes: size, etag: z.string().min(1).max(1024) }
const storedCrc32 = z
  .string()
  .max(64)
  .nullable()
  .describe('CRC-32 in base64; with -N behind it when it is one of N parts.')

export const urlBody: z.ZodType<UrlBody> = z.strictObject({
  key,
  bytes: size,
  ...about,
  content_encoding: headerText.min(1).optional(),
  checksum_crc32: crc32.optional(),
})
export const urlReply: z.ZodType<UrlReply> = z.object({ key, method: z.literal('PUT'), ...signed })

export const initBody: z.ZodType<InitBody> = z.strictObject({
  key,
  bytes: size.nullable(),
  part_size: size.min(1),
  ...about,
  content_encoding: headerText.min(1).optional(),
  checksum: z.enum(['crc32', 'none']).default('crc32'),
})
export const initReply: z.ZodType<InitReply> = z.object({
  upload_id: uploadId,
  key,
  part_size: size.min(1),
  max_parts: partNumber,
  expires_at: time,
})

export const partUrlBody: z.ZodType<PartUrlBody> = z.strictObject({
  upload_id: uploadId,
  key,
  parts: z.array(z.strictObject({ part_number: partNumber, bytes: size, checksum_crc32: crc32.optional() })).min(1),
})
export const partUrlReply: z.ZodType<PartUrlReply> = z.object({
  parts: z.array(z.object({ part_number: partNumber, ...signed })),
})

export const partsQuery: z.ZodType<PartsQuery> = z.strictObject({
  upload_id: uploadId,
  key,
  after: z.coerce.number().int().min(0).max(10_000).default(0),
})
export const partsReply: z.ZodType<PartsReply> = z.object({
  parts: z.array(z.object({ part_number: partNumber, etag: object.etag, bytes: size, checksum_crc32: storedCrc32 })),
  next: partNumber.nullable(),
})

export const completeBody: z.ZodType<CompleteBody> = z.strictObject({
  upload_id: uploadId,
  key,
  parts: z
    .array(z.strictObject({ part_number: partNumber, etag, checksum_crc32: crc32.optional() }))
    .min(1)
    .max(10_000),
  checksum_crc32: crc32.optional(),
})
export const completeReply: z.ZodType<CompleteReply> = z.object(object)

export const uploadQuery: z.ZodType<UploadQuery> = z.strictObject({ upload_id: uploadId, key })
export const openQuery: z.ZodType<OpenQuery> = z.strictObject({ prefix: z.string().max(1024).default('') })
export const openReply: z.ZodType<OpenReply> = z.object({
  uploads: z.array(z.object({ upload_id: uploadId, key: object.key, initiated_at: time })),
})

export const statReply: z.ZodType<StatReply> = z.object({
  ...object,
  metadata: headers,
  content_encoding: z.string().nullable(),
  checksum_crc32: storedCrc32,
})
export const downloadReply: z.ZodType<DownloadReply> = z.object({ ...object, ...signed, metadata: headers })
export const listBody: z.ZodType<ListBody> = z.strictObject({
  prefix: z.string().max(1024).default(''),
  after: after.optional(),
})
export const listReply: z.ZodType<ListReply> = z.object({
  objects: z.array(z.object(object)),
  next: z.string().min(1).max(1024).nullable(),
})
export const deleteBody: z.ZodType<DeleteBody> = z.strictObject({ keys: z.array(key).min(1).max(1000) })
export const deleteReply: z.ZodType<DeleteReply> = z.object({ deleted: whole(1000) })

export const readListBody: z.ZodType<ReadListBody> = z.strictObject({
  hotkey,
  prefix: z.string().max(1024).default(''),
  after: after.optional(),
})
export const readUrlsBody: z.ZodType<ReadUrlsBody> = z.strictObject({ hotkey, keys: z.array(key).min(1).max(1000) })
export const readUrlsReply: z.ZodType<ReadUrlsReply> = z.object({
  urls: z.array(z.object({ key, url: z.url(), expires_at: time })),
})

export const errorReply: z.ZodType<ErrorReply> = z.object({
  error: z.object({ code: z.string().max(80), message: z.string(), retry_after: z.number().nonnegative().optional() }),
})
