import type { ByteRange } from './storage-backend.ts'
import { BackendError } from './errors.ts'

/** Refuses ranges that are no ranges, before anything is asked. @throws BackendError RANGE */
export function checkRange(key: string, range: ByteRange): void {
  const { start, end } = range
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start) return
  throw new BackendError('RANGE', `Bad range ${start}-${end} of ${key}: 0 <= start <= end is needed.`, {
    retryable: false,
  })
}

/** The part of an object of `bytes` bytes that a range means, `end` exclusive. @throws BackendError RANGE */
export function resolveRange(key: string, bytes: number, range?: ByteRange): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: bytes }
  checkRange(key, range)
  if (range.start >= bytes) throw pastEnd(key, range, bytes)
  return { start: range.start, end: Math.min(bytes, range.end + 1) }
}

export function pastEnd(key: string, range: ByteRange, bytes: number | null): BackendError {
  const size = bytes === null ? 'its end' : `its ${bytes} bytes`
  return new BackendError('RANGE', `Range ${range.start}-${range.end} of ${key} starts past ${size}.`, {
    retryable: false,
  })
}
