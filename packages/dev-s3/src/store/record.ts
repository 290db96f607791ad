import { z } from 'zod'
import { ALGORITHMS, type Algorithm, type Checksum, type ChecksumType } from '../object/checksum.ts'

/** What is known of one object; one JSON file on disk. Content lies in one file per part, in order. */
export interface ObjectRecord {
  readonly key: string
  /** Without quotes. */
  readonly etag: string
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly modified: number
  /** Headers of the writer that come back with the object. */
  readonly headers: Readonly<Record<string, string>>
  readonly checksum: Checksum | null
  readonly multipart: boolean
  readonly files: readonly ContentFile[]
}

export interface ContentFile {
  /** File name under the bucket's `data` folder. */
  readonly name: string
  readonly bytes: number
  /** base64 checksum of the part, if it had one. */
  readonly checksum: string | null
}

/** A part of an upload in progress. */
export interface PartRecord {
  readonly number: number
  readonly name: string
  readonly bytes: number
  readonly etag: string
  readonly modified: number
  readonly checksum: { readonly algorithm: Algorithm; readonly value: string } | null
}

/** A multipart upload in progress; its parts are separate files beside it. */
export interface UploadRecord {
  readonly id: string
  readonly key: string
  readonly initiated: number
  readonly headers: Readonly<Record<string, string>>
  readonly checksum: { readonly algorithm: Algorithm; readonly type: ChecksumType } | null
}

export interface CorsRule {
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly headers: readonly string[]
  readonly exposed: readonly string[]
  readonly maxAgeSeconds: number | null
}

/** Settings of a bucket. */
export interface BucketRecord {
  readonly created: number
  readonly cors: readonly CorsRule[]
}

const fileName = z.string().regex(/^[0-9a-f-]{36}$/)
const count = z.number().int().nonnegative()
const keptHeaders = z.record(z.string(), z.string())
const algorithm = z.enum(ALGORITHMS)
const checksumType = z.enum(['FULL_OBJECT', 'COMPOSITE'])

export const objectRecord: z.ZodType<ObjectRecord> = z.object({
  key: z.string().min(1),
  etag: z.string(),
  bytes: count,
  modified: z.number(),
  headers: keptHeaders,
  checksum: z.object({ algorithm, value: z.string(), type: checksumType }).nullable(),
  multipart: z.boolean(),
  files: z.array(z.object({ name: fileName, bytes: count, checksum: z.string().nullable() })),
})

export const partRecord: z.ZodType<PartRecord> = z.object({
  number: count,
  name: fileName,
  bytes: count,
  etag: z.string(),
  modified: z.number(),
  checksum: z.object({ algorithm, value: z.string() }).nullable(),
})

export const uploadRecord: z.ZodType<UploadRecord> = z.object({
  id: fileName,
  key: z.string().min(1),
  initiated: z.number(),
  headers: keptHeaders,
  checksum: z.object({ algorithm, type: checksumType }).nullable(),
})

export const bucketRecord: z.ZodType<BucketRecord> = z.object({
  created: z.number(),
  cors: z.array(
    z.object({
      origins: z.array(z.string()),
      methods: z.array(z.string()),
      headers: z.array(z.string()),
      exposed: z.array(z.string()),
      maxAgeSeconds: count.nullable(),
    }),
  ),
})
