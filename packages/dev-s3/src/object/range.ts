import { S3Error } from '../http/error.ts'
import type { FileSlice } from '../http/reply.ts'

/**
 * A single byte range of `Range`, end exclusive; null for none or one that S3 ignores (other units, several ranges).
 * @throws S3Error `InvalidRange` when it starts past the end
 */
export function parseRange(header: string | undefined, bytes: number): { start: number; end: number } | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec((header ?? '').trim())
  if (match === null || (match[1] === '' && match[2] === '')) return null
  const outside = new S3Error('InvalidRange', 'The range is outside the object.', {
    'content-range': `bytes */${bytes}`,
  })
  if (match[1] === '') {
    const last = Number(match[2])
    if (last === 0 || bytes === 0) throw outside
    return { start: Math.max(0, bytes - last), end: bytes }
  }
  const start = Number(match[1])
  if (start >= bytes) throw outside
  const end = match[2] === '' ? bytes : Math.min(bytes, Number(match[2]) + 1)
  if (end <= start) return null
  return { start, end }
}

/** The pieces of consecutive files that hold `[start, end)` of the whole. */
export function sliceFiles(
  files: readonly { readonly path: string; readonly bytes: number }[],
  start: number,
  end: number,
): FileSlice[] {
  const slices: FileSlice[] = []
  let offset = 0
  for (const { path, bytes } of files) {
    const from = Math.max(start, offset) - offset
    const to = Math.min(end, offset + bytes) - offset
    if (to > from) slices.push({ path, start: from, end: to })
    offset += bytes
  }
  return slices
}
