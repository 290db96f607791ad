import { z } from 'zod'

interface About {
  readonly key: string
  readonly content_type?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly sha256?: string | undefined
}
interface UrlBody extends About {
  readonly bytes: number
  readonly content_encoding?: string | undefined
  readonly checksum_crc32?: string | undefined
}
interface InitBody extends About {
  readonly bytes: number | null
  readonly part_size: number
  readonly content_encoding?: string | undefined
  readonly checksum: 'crc32' | 'none'
}
interface UploadName {
  readonly upload_id: string
  readonly key: string
}
type AbortQuery = UploadName
interface PartUrlBody extends UploadName {
  readonly parts: readonly { part_number: number; bytes: number; checksum_crc32?: string | undefined }[]
}
interface PartsQuery extends UploadName {
  readonly after: number
}
interface CompleteBody extends UploadName {
  readonly parts: readonly { part_number: number; etag: string; checksum_crc32?: string | undefined }[]
  readonly checksum_crc32?: string | undefined
}
interface OpenQuery {
  readonly prefix: string
}
interface ListBody {
  readonly prefix: string
  readonly after?: string | undefined
}
interface DeleteBody {
  readonly keys: readonly string[]
}
interface ReadListBody extends ListBody {
  readonly hotkey: string
}
interface ReadUrlsBody extends DeleteBody {
  readonly hotkey: string
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
  .refine((text) => Buffer.byteLength(text) <= MAX_KEY_BYTES, { error: `it has more than ${MAX_KEY_BYTES} bytes` })
const hotkey = z.string().min(46).max(50)
const headers = z.record(z.string(), z.string())
const time = z.iso.datetime()

export const urlBody: z.ZodType<UrlBody> = z.strictObject({
  key,
  bytes: size,
  ...about,
  content_encoding: headerText.min(1).optional(),
  checksum_crc32: crc32.optional(),
})
export const urlReply: z.ZodType = z.object({ key, method: z.literal('PUT'), url: z.url(), headers, expires_at: time })

export const initBody: z.ZodType<InitBody> = z.strictObject({
  key,
  bytes: size.nullable(),
  part_size: size.min(1),
  ...about,
  content_encoding: headerText.min(1).optional(),
  checksum: z.enum(['crc32', 'none']).default('crc32'),
})
export const initReply: z.ZodType = z.object({
  upload_id: uploadId,
  key,
  part_size: size,
  max_parts: partNumber,
  expires_at: time,
})

export const partUrlBody: z.ZodType<PartUrlBody> = z.strictObject({
  upload_id: uploadId,
  key,
  parts: z.array(z.strictObject({ part_number: partNumber, bytes: size, checksum_crc32: crc32.optional() })).min(1),
})
export const partUrlReply: z.ZodType = z.object({
  parts: z.array(z.object({ part_number: partNumber, url: z.url(), headers, expires_at: time })),
})

export const partsQuery: z.ZodType<PartsQuery> = z.strictObject({
  upload_id: uploadId,
  key,
  after: z.coerce.number().int().min(0).max(10_000).default(0),
})
export const partsReply: z.ZodType = z.object({
  parts: z.array(z.object({ part_number: partNumber, etag, bytes: size, checksum_crc32: crc32.nullable() })),
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
export const completeReply: z.ZodType = z.object({ key, etag, bytes: size })

export const abortQuery: z.ZodType<AbortQuery> = z.strictObject({ upload_id: uploadId, key })
export const openQuery: z.ZodType<OpenQuery> = z.strictObject({ prefix: z.string().max(1024).default('') })
export const openReply: z.ZodType = z.object({
  uploads: z.array(z.object({ upload_id: uploadId, key, initiated_at: time })),
})

const object = { key, bytes: size, etag }
export const statReply: z.ZodType = z.object({
  ...object,
  metadata: headers,
  content_encoding: z.string().nullable(),
  checksum_crc32: crc32.nullable(),
})
export const downloadReply: z.ZodType = z.object({
  ...object,
  url: z.url(),
  headers,
  expires_at: time,
  metadata: headers,
})
export const listBody: z.ZodType<ListBody> = z.strictObject({
  prefix: z.string().max(1024).default(''),
  after: after.optional(),
})
export const listReply: z.ZodType = z.object({ objects: z.array(z.object(object)), next: key.nullable() })
export const deleteBody: z.ZodType<DeleteBody> = z.strictObject({ keys: z.array(key).min(1).max(1000) })
export const deleteReply: z.ZodType = z.object({ deleted: whole(1000) })

export const readListBody: z.ZodType<ReadListBody> = z.strictObject({
  hotkey,
  prefix: z.string().max(1024).default(''),
  after: after.optional(),
})
export const readUrlsBody: z.ZodType<ReadUrlsBody> = z.strictObject({ hotkey, keys: z.array(key).min(1).max(1000) })
export const readUrlsReply: z.ZodType = z.object({ urls: z.array(z.object({ key, url: z.url(), expires_at: time })) })

export const errorReply: z.ZodType = z.object({
  error: z.object({ code: z.string(), message: z.string(), retry_after: z.number().optional() }),
})
