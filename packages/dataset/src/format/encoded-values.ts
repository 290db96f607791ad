import type { ByteSink } from './byte-sink.ts'
import { writeHybrid } from '../write/write-runs.ts'
import type { Bounds } from './statistics.ts'

/** What a cell holds besides null and lists. */
export type CellValue = string | number | boolean | Uint8Array

/** Parquet's numbers of encodings. */
export const PLAIN = 0
export const RLE = 3
export const RLE_DICTIONARY = 8

/** The values of one column chunk, nulls left out. */
export interface EncodedValues {
  readonly encoding: number
  readonly dictionary: { readonly bytes: Uint8Array; readonly entries: number } | null
  /** Valid until the next `add`. */
  readonly bytes: Uint8Array
  readonly bounds: Bounds | null
}

/** Collects the values of one column chunk in their final bytes. */
export interface ColumnValues {
  add(value: CellValue): void
  /** What was added since the last call. */
  take(): EncodedValues
}

/** After this many values, and at the end, a dictionary that does not halve their number is given up. */
export const DICTIONARY_TRIAL = 512

/** Indexes into a dictionary as a data page has them: their width in bits, then the runs. */
export function writeIndexes(sink: ByteSink, indexes: Uint32Array, count: number, entries: number): void {
  const width = Math.max(1, 32 - Math.clz32(entries - 1))
  sink.byte(width)
  writeHybrid(sink, indexes, count, width)
}
