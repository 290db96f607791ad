// Loaded when there is a note to read, as zod takes 14 MB.
import { z } from 'zod'

/** What is written beside the part file, so that a later process knows what it is part of. */
export interface DownloadNote {
  readonly destination: string
  readonly key: string
  readonly etag: string
  readonly bytes: number
  readonly pid: number
  readonly mark: string
  /** Bytes that were on disk when the run ended in order; the rest may be lost in a power cut. */
  readonly safe: number
}

const noteSchema = z.object({
  destination: z.string(),
  key: z.string(),
  etag: z.string(),
  bytes: z.number(),
  pid: z.number().int().positive(),
  mark: z.string(),
  safe: z.number().int().nonnegative(),
}) satisfies z.ZodType<DownloadNote>

/** @throws Error when it is not one */
export const parseNote = (text: string): DownloadNote => noteSchema.parse(JSON.parse(text))
