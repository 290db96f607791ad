import type { Column } from '../format/columns.ts'
import { DatasetError } from '../errors.ts'

/**
 * Decodes `count` values in Parquet's PLAIN encoding.
 * @throws DatasetError `CORRUPT_PARQUET` when the bytes hold fewer
 */
export function readPlain(data: Uint8Array, kind: Column['kind'], count: number): unknown[] {
  const view = Buffer.from(data.buffer, data.byteOffset, data.length)
  switch (kind) {
    case 'digest':
      need(view, count * 16)
      return Array.from({ length: count }, (_, at) => view.subarray(at * 16, at * 16 + 16))
    case 'int':
      need(view, count * 8)
      return Array.from({ length: count }, (_, at) => smallest(view.readBigInt64LE(at * 8)))
    case 'float':
      need(view, count * 8)
      return Array.from({ length: count }, (_, at) => view.readDoubleLE(at * 8))
    case 'flag':
      need(view, Math.ceil(count / 8))
      return Array.from({ length: count }, (_, at) => ((view[at >> 3]! >> (at & 7)) & 1) === 1)
    case 'bytes':
      return readByteArrays(view, count, (start, end) => view.subarray(start, end))
    default: // text, and the elements of texts
      return readByteArrays(view, count, (start, end) => view.toString('utf8', start, end))
  }
}

function readByteArrays(view: Buffer, count: number, take: (start: number, end: number) => unknown): unknown[] {
  need(view, count * 4)
  const values: unknown[] = []
  for (let i = 0, at = 0; i < count; i += 1) {
    need(view, at + 4)
    const end = at + 4 + view.readUInt32LE(at)
    need(view, end)
    values.push(take(at + 4, end))
    at = end
  }
  return values
}

function smallest(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function need(view: Buffer, bytes: number): void {
  if (bytes > view.length) {
    throw new DatasetError(
      'CORRUPT_PARQUET',
      'a page of the Parquet file is damaged: it has fewer values than announced',
    )
  }
}
