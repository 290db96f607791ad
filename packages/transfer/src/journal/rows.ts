// Loaded when there is a row to read: zod takes 14 MB and a tenth of a second, and most uploads find none.
import { z } from 'zod'
import type { ExpectedObject, JournalEntry, JournalPart } from './port.ts'

const expectedShape = z.object({
  bytes: z.number(),
  crc32: z.string().nullable(),
  crc32OfParts: z.string().nullable(),
  etag: z.string().nullable(),
  sha256: z.string().nullable(),
  parts: z.number(),
}) satisfies z.ZodType<ExpectedObject>

const uploadShape = z.object({
  upload_id: z.string(),
  destination: z.string(),
  key: z.string(),
  part_size: z.number(),
  bytes: z.number().nullable(),
  fingerprint: z.string(),
  source: z.string(),
  checksum: z.enum(['crc32', 'none']),
  started_at: z.number(),
  expected: z.string().nullable(),
})

const partShape = z.object({ part_number: z.number(), bytes: z.number(), crc32: z.string(), etag: z.string() })

/** @throws ZodError when the file was written by something else */
export function readEntry(row: unknown): JournalEntry {
  const { upload_id, part_size, started_at, expected, ...rest } = uploadShape.parse(row)
  return {
    ...rest,
    uploadId: upload_id,
    partSize: part_size,
    startedAt: started_at,
    expected: expected === null ? null : expectedShape.parse(JSON.parse(expected)),
  }
}

/** @throws ZodError */
export function readPart(row: unknown): JournalPart {
  const { part_number, ...rest } = partShape.parse(row)
  return { partNumber: part_number, ...rest }
}
