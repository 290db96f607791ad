import type { ByteSink } from '../format/byte-sink.ts'
import type { Column } from '../format/columns.ts'
import { PLAIN, RLE } from '../format/encoded-values.ts'
import type { Bounds } from '../format/statistics.ts'
import { createThriftWriter, THRIFT_BINARY, THRIFT_INT32, THRIFT_STRUCT } from './write-thrift.ts'
import type { ThriftWriter } from './write-thrift.ts'

/** The format's version, not the software's: equal rows must stay equal bytes. */
const CREATED_BY = 'sluice 2'
const REQUIRED = 0
const OPTIONAL = 1
const REPEATED = 2
const UTF8 = 0
const LIST = 3
const BYTE_ARRAY = 6
const ZSTD = 6
/** Parquet's physical types. */
const TYPES: Readonly<Record<Column['kind'], number>> = {
  flag: 0,
  int: 2,
  float: 5,
  text: BYTE_ARRAY,
  texts: BYTE_ARRAY,
  bytes: BYTE_ARRAY,
  digest: 7,
}

/** What the footer says of a column chunk. Offsets are in the file. */
export interface WrittenChunk {
  readonly column: Column
  readonly encoding: number
  readonly slots: number
  readonly nulls: number
  readonly bounds: Bounds | null
  readonly start: number
  readonly dataStart: number
  readonly hasDictionary: boolean
  /** Bytes with page headers, stored and decompressed. */
  readonly packed: number
  readonly unpacked: number
}

/** What the footer says of a row group. */
export interface WrittenGroup {
  readonly rows: number
  readonly chunks: readonly WrittenChunk[]
}

/**
 * Writes bloom filters of the first column, one per row group, then the footer and the end of the file
 * (https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift, `FileMetaData`).
 * @param offset of the sink's start in the file
 */
export function writeFooter(
  sink: ByteSink,
  offset: number,
  columns: readonly Column[],
  groups: readonly WrittenGroup[],
  filters: readonly Uint8Array[],
): void {
  const thrift = createThriftWriter(sink)
  const blooms = filters.map((filter) => {
    const start = offset + sink.length
    writeBloom(sink, thrift, filter)
    return { start, bytes: offset + sink.length - start }
  })
  const start = sink.length
  thrift.itemStruct(() => {
    thrift.int32(1, 2)
    writeSchema(thrift, columns)
    thrift.int64(
      3,
      groups.reduce((sum, group) => sum + group.rows, 0),
    )
    thrift.list(4, THRIFT_STRUCT, [...groups.entries()], ([at, group]) => writeGroup(thrift, group, blooms[at]!))
    thrift.binary(6, CREATED_BY)
    // Every column is ordered as its type defines; readers ignore bounds without this.
    thrift.list(7, THRIFT_STRUCT, columns, () => thrift.itemStruct(() => thrift.struct(1, () => undefined)))
  })
  sink.uint32(sink.length - start)
  sink.raw(Buffer.from('PAR1'))
}

function writeBloom(sink: ByteSink, thrift: ThriftWriter, filter: Uint8Array): void {
  const nothing = (): void => undefined
  thrift.itemStruct(() => {
    thrift.int32(1, filter.length)
    for (const field of [2, 3, 4]) thrift.struct(field, () => thrift.struct(1, nothing)) // block, xxHash, uncompressed
  })
  sink.raw(filter)
}

function writeSchema(thrift: ThriftWriter, columns: readonly Column[]): void {
  const elements: (() => void)[] = [
    () => {
      thrift.binary(4, 'root')
      thrift.int32(5, columns.length)
    },
  ]
  for (const { name, kind, required } of columns) {
    const repetition = required ? REQUIRED : OPTIONAL
    if (kind === 'texts') {
      // the three levels of the specification's LIST
      elements.push(
        () => {
          thrift.int32(3, repetition)
          thrift.binary(4, name)
          thrift.int32(5, 1)
          thrift.int32(6, LIST)
        },
        () => {
          thrift.int32(3, REPEATED)
          thrift.binary(4, 'list')
          thrift.int32(5, 1)
        },
        () => {
          thrift.int32(1, BYTE_ARRAY)
          thrift.int32(3, REQUIRED)
          thrift.binary(4, 'element')
          thrift.int32(6, UTF8)
        },
      )
    } else {
      elements.push(() => {
        thrift.int32(1, TYPES[kind])
        if (kind === 'digest') thrift.int32(2, 16)
        thrift.int32(3, repetition)
        thrift.binary(4, name)
        if (kind === 'text') thrift.int32(6, UTF8)
      })
    }
  }
  thrift.list(2, THRIFT_STRUCT, elements, (write) => thrift.itemStruct(write))
}

function writeGroup(
  thrift: ThriftWriter,
  { rows, chunks }: WrittenGroup,
  bloom: { readonly start: number; readonly bytes: number },
): void {
  thrift.itemStruct(() => {
    thrift.list(1, THRIFT_STRUCT, chunks, (chunk) =>
      thrift.itemStruct(() => {
        thrift.int64(2, chunk.start)
        thrift.struct(3, () => writeChunk(thrift, chunk, chunk === chunks[0] ? bloom : null))
      }),
    )
    thrift.int64(
      2,
      chunks.reduce((sum, chunk) => sum + chunk.unpacked, 0),
    )
    thrift.int64(3, rows)
    thrift.int64(
      6,
      chunks.reduce((sum, chunk) => sum + chunk.packed, 0),
    )
  })
}

function writeChunk(
  thrift: ThriftWriter,
  chunk: WrittenChunk,
  bloom: { readonly start: number; readonly bytes: number } | null,
): void {
  const { column, bounds } = chunk
  const encodings = new Set([
    ...(chunk.hasDictionary ? [PLAIN] : []),
    chunk.encoding,
    ...(column.required ? [] : [RLE]),
  ])
  thrift.int32(1, TYPES[column.kind])
  thrift.list(2, THRIFT_INT32, [...encodings], (encoding) => thrift.itemNumber(encoding))
  const path = column.kind === 'texts' ? [column.name, 'list', 'element'] : [column.name]
  thrift.list(3, THRIFT_BINARY, path, (name) => thrift.itemText(name))
  thrift.int32(4, ZSTD)
  thrift.int64(5, chunk.slots)
  thrift.int64(6, chunk.unpacked)
  thrift.int64(7, chunk.packed)
  thrift.int64(9, chunk.dataStart)
  if (chunk.hasDictionary) thrift.int64(11, chunk.start)
  if (column.statistics) {
    thrift.struct(12, () => {
      thrift.int64(3, chunk.nulls)
      if (bounds?.max) thrift.binary(5, bounds.max)
      if (bounds) thrift.binary(6, bounds.min)
      if (bounds && !bounds.maxExact) thrift.flag(7, false)
      if (bounds && !bounds.minExact) thrift.flag(8, false)
    })
  }
  if (bloom) {
    thrift.int64(14, bloom.start)
    thrift.int32(15, bloom.bytes)
  }
}
