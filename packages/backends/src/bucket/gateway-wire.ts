import { z } from 'zod'

// What the gateway's native API answers beside what the transfer engine reads.

const bytes = z.number().int().nonnegative()

interface ListPage {
  readonly objects: readonly { readonly key: string; readonly bytes: number }[]
  /** The `after` of the next page; null = this was the last. */
  readonly next: string | null
}

/** `POST /uploads/list` */
export const listPage: z.ZodType<ListPage> = z.object({
  objects: z.array(z.object({ key: z.string(), bytes })),
  next: z.string().min(1).nullable(),
})

/** `POST /uploads/delete` */
export const deleteReply: z.ZodType<{ readonly deleted: number }> = z.object({ deleted: bytes })

interface ReadUrls {
  /** `expires_at` in ISO 8601, by the gateway's clock. */
  readonly urls: readonly { readonly key: string; readonly url: string; readonly expires_at: string }[]
}

/** `POST /reads/urls` */
export const readUrls: z.ZodType<ReadUrls> = z.object({
  urls: z.array(z.object({ key: z.string(), url: z.url(), expires_at: z.iso.datetime() })),
})
