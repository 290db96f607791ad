import type { Column } from '../format/columns.ts'
import { DatasetError } from '../errors.ts'
import { readHybrid } from './read-runs.ts'
import { readPlain } from './read-plain.ts'
import { numberIn, readThrift, structIn } from './read-thrift.ts'
import type { ThriftStruct } from './read-thrift.ts'
import type { Zstd } from '../format/zstd.ts'

const HEADER_VALUES = 64
const DICTIONARY_PAGE = 2
const DATA_PAGE_V2 = 3
const PLAIN = 0
const RLE = 3
const DICTIONARY: ReadonlySet<number | null> = new Set([2, 8])
/** Values of a list column in one row group; the writer keeps longer lists in `content`. */
const MAX_LIST_VALUES = 1_100_000

/** Decompressed bytes that may still be produced. */
export interface Budget {
  left: number
}

/**
 * Decodes one column chunk to exactly `rows` values: null, text, number, boolean, bytes or a list of texts.
 * Only what this package writes is read: data pages v2, plain or dictionary.
 * @throws DatasetError `CORRUPT_PARQUET`
 */
export function decodeChunk(
  bytes: Uint8Array,
  column: Column,
  compressed: boolean,
  rows: number,
  zstd: Zstd,
  budget: Budget,
): readonly unknown[] {
  let values: unknown[] | null = null
  let dictionary: readonly unknown[] | null = null
  let at = 0

  function unpack(body: Uint8Array, size: number, packed: boolean): Uint8Array {
    budget.left -= size
    if (size < 0 || budget.left < 0) throw corruptPage('it is larger than allowed')
    if (packed) return zstd.decompress(body, size)
    if (body.length !== size) throw corruptPage('its size is wrong')
    return body
  }

  while (at < bytes.length) {
    const { value: header, end } = readThrift(bytes, at, HEADER_VALUES)
    const size = count(header, 2)
    const stored = count(header, 3)
    at = end + stored
    if (at > bytes.length) throw corruptPage('it ends too early')
    const body = bytes.subarray(end, at)
    switch (numberIn(header, 1)) {
      case DICTIONARY_PAGE: {
        if (dictionary || values) throw corruptPage('a dictionary is out of place')
        const entries = count(structIn(header, 7), 1)
        if (entries > (column.kind === 'texts' ? MAX_LIST_VALUES : rows))
          throw corruptPage('its dictionary is too long')
        dictionary = readPlain(unpack(body, size, compressed), column.kind, entries)
        break
      }
      case DATA_PAGE_V2: {
        const page = structIn(header, 8)
        const levels = count(page, 5) + count(page, 6)
        if (levels > stored) throw corruptPage('its levels are too long')
        const data = unpack(body.subarray(levels), size - levels, compressed && page[7] !== false)
        const decoded = decodePage(page, body, data, column, dictionary, rows - (values?.length ?? 0), budget)
        values = values ? values.concat(decoded) : decoded
        break
      }
      default:
        throw corruptPage('it is of a kind that this format does not use')
    }
  }
  if (values?.length !== rows) throw corruptPage('its rows are not complete')
  return values
}

function decodePage(
  page: ThriftStruct,
  body: Uint8Array,
  data: Uint8Array,
  column: Column,
  dictionary: readonly unknown[] | null,
  rowsLeft: number,
  budget: Budget,
): unknown[] {
  const slots = count(page, 1)
  const rows = count(page, 3)
  const repetitionBytes = count(page, 6)
  const isList = column.kind === 'texts'
  budget.left -= slots * 8
  if (rows > rowsLeft || slots > (isList ? MAX_LIST_VALUES : rows) || budget.left < 0) {
    throw corruptPage('it has more values than rows')
  }
  const levelBytes = body.subarray(repetitionBytes, repetitionBytes + count(page, 5))
  const deepest = (column.required ? 0 : 1) + (isList ? 1 : 0)
  const levels = deepest === 0 ? null : readHybrid(levelBytes, deepest, slots)
  let present = slots
  if (levels) {
    present = 0
    for (const level of levels) if (level === deepest) present += 1
  }
  const items = decodeValues(data, column, dictionary, numberIn(page, 4), present)
  const result = isList
    ? assembleLists(items, levels!, readHybrid(body.subarray(0, repetitionBytes), 1, slots))
    : levels === null || present === slots
      ? items
      : spread(items, levels)
  if (result.length !== rows) throw corruptPage('it has more or fewer rows than announced')
  return result
}

function decodeValues(
  data: Uint8Array,
  column: Column,
  dictionary: readonly unknown[] | null,
  encoding: number | null,
  present: number,
): unknown[] {
  if (encoding === PLAIN) return readPlain(data, column.kind, present)
  if (encoding === RLE && column.kind === 'flag') {
    return Array.from(readHybrid(data.subarray(4), 1, present), (bit) => bit === 1)
  }
  if (!DICTIONARY.has(encoding) || !dictionary) throw corruptPage('it is encoded otherwise')
  const values: unknown[] = []
  for (const index of readHybrid(data.subarray(1), data[0] ?? 0, present)) {
    if (index >= dictionary.length) throw corruptPage('it points outside its dictionary')
    values.push(dictionary[index])
  }
  return values
}

function spread(items: readonly unknown[], levels: Uint32Array): unknown[] {
  const values: unknown[] = []
  let next = 0
  for (const level of levels) values.push(level === 1 ? items[next++] : null)
  return values
}

/** Definition levels: 0 no list, 1 an empty one, 2 an element. */
function assembleLists(items: readonly unknown[], levels: Uint32Array, repeats: Uint32Array): unknown[] {
  const lists: (unknown[] | null)[] = []
  let next = 0
  for (let slot = 0; slot < levels.length; slot += 1) {
    const level = levels[slot]!
    if (repeats[slot] === 0) lists.push(level === 0 ? null : [])
    if (level === 2) {
      const list = lists.at(-1)
      if (!list) throw corruptPage('a list has no beginning')
      list.push(items[next++])
    }
  }
  return lists
}

function count(struct: ThriftStruct, field: number): number {
  const value = numberIn(struct, field)
  if (value === null || value < 0) throw corruptPage('a count is missing')
  return value
}

function corruptPage(what: string): DatasetError {
  return new DatasetError('CORRUPT_PARQUET', `a page of the Parquet file is damaged: ${what}`)
}
