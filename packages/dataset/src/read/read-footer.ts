import type { Column } from '../format/columns.ts'
import { DatasetError } from '../errors.ts'
import { asStruct, bytesIn, listIn, numberIn, readThrift, structIn } from './read-thrift.ts'
import type { ThriftStruct } from './read-thrift.ts'

/** More rows in a row group than any writer of this format makes. */
const MAX_GROUP_ROWS = 10_240
const MAX_COLUMNS = 256
const MAX_VALUES = 1_000_000
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

/** One column of one row group. Offsets are in the file. */
interface Chunk {
  readonly start: number
  readonly end: number
  readonly compressed: boolean
  readonly min: Uint8Array | null
  readonly max: Uint8Array | null
  readonly bloom: { readonly start: number; readonly end: number } | null
}

/** A row group; `chunks` in the order of the columns. */
export interface RowGroup {
  readonly rows: number
  readonly chunks: readonly Chunk[]
}

/** What the footer says, checked. */
export interface Footer {
  readonly columns: readonly Column[]
  readonly groups: readonly RowGroup[]
}

/**
 * Reads a Parquet footer (https://github.com/apache/parquet-format, `FileMetaData`).
 * @param bodyEnd where the footer starts; every chunk must end before
 * @throws DatasetError `CORRUPT_PARQUET`
 */
export function readFooter(bytes: Uint8Array, bodyEnd: number): Footer {
  const { value } = readThrift(bytes, 0, MAX_VALUES)
  const columns = readColumns(listIn(value, 2).map(asStruct))
  const groups = listIn(value, 4).map((group) => readGroup(asStruct(group), columns.length, bodyEnd))
  checkOrder(groups)
  const rows = groups.reduce((sum, group) => sum + group.rows, 0)
  if (rows !== numberIn(value, 3)) throw corruptFooter('its row counts differ')
  return { columns, groups }
}

/** Chunks lie one behind the other, so that a small file cannot be read many times over. */
function checkOrder(groups: readonly RowGroup[]): void {
  let end = 4
  for (const group of groups) {
    for (const chunk of group.chunks) {
      if (chunk.start < end) throw corruptFooter('its columns overlap')
      end = chunk.end
    }
  }
}

function readColumns(elements: readonly ThriftStruct[]): readonly Column[] {
  const columns: Column[] = []
  for (let at = 1; at < elements.length; at += 1) {
    const element = elements[at]!
    const name = nameOf(element)
    if (!NAME.test(name) || columns.length === MAX_COLUMNS) throw corruptFooter('its columns are not of this format')
    const required = numberIn(element, 3) === 0
    if (numberIn(element, 5) === 1) {
      const leaf = elements[at + 2]
      if (required || !leaf || numberIn(leaf, 1) !== 6 || numberIn(leaf, 3) !== 0)
        throw corruptFooter('a list is unusual')
      columns.push({ name, kind: 'texts', required, statistics: true })
      at += 2
    } else {
      columns.push({ name, kind: kindOf(element), required, statistics: true })
    }
  }
  if (columns[0]?.kind !== 'digest' || columns[0].name !== 'uri_digest' || !columns[0].required) {
    throw corruptFooter('uri_digest is not its first column')
  }
  if (new Set(columns.map((column) => column.name)).size !== columns.length) throw corruptFooter('a column comes twice')
  return columns
}

function kindOf(element: ThriftStruct): Column['kind'] {
  switch (numberIn(element, 1)) {
    case 0:
      return 'flag'
    case 2:
      return 'int'
    case 5:
      return 'float'
    case 6:
      return numberIn(element, 6) === 0 ? 'text' : 'bytes'
    case 7:
      if (numberIn(element, 2) === 16) return 'digest'
  }
  throw corruptFooter('a column has a type that this format does not use')
}

function nameOf(element: ThriftStruct): string {
  return Buffer.from(bytesIn(element, 4) ?? []).toString('latin1')
}

function readGroup(group: ThriftStruct, columns: number, bodyEnd: number): RowGroup {
  const rows = numberIn(group, 3)
  if (rows === null || rows < 1 || rows > MAX_GROUP_ROWS) throw corruptFooter('a row group has too many rows')
  const chunks = listIn(group, 1).map((chunk) => readChunk(structIn(asStruct(chunk), 3), bodyEnd))
  if (chunks.length !== columns) throw corruptFooter('a row group lacks a column')
  return { rows, chunks }
}

function readChunk(meta: ThriftStruct, bodyEnd: number): Chunk {
  const start = numberIn(meta, 11) ?? numberIn(meta, 9)
  const codec = numberIn(meta, 4)
  const range = rangeOf(start, numberIn(meta, 7), bodyEnd)
  if (!range || (codec !== 0 && codec !== 6)) throw corruptFooter('a column is out of place or compressed otherwise')
  const statistics = meta[12] === undefined ? {} : structIn(meta, 12)
  return {
    ...range,
    compressed: codec === 6,
    max: bytesIn(statistics, 5),
    min: bytesIn(statistics, 6),
    bloom: rangeOf(numberIn(meta, 14), numberIn(meta, 15), bodyEnd),
  }
}

function rangeOf(start: number | null, length: number | null, bodyEnd: number): { start: number; end: number } | null {
  if (start === null || length === null || start < 4 || length < 1 || start + length > bodyEnd) return null
  return { start, end: start + length }
}

function corruptFooter(what: string): DatasetError {
  return new DatasetError('CORRUPT_PARQUET', `the Parquet footer is damaged or foreign: ${what}`)
}
