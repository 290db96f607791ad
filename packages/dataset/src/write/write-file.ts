import { bloomOf } from '../format/bloom.ts'
import { createByteSink } from '../format/byte-sink.ts'
import type { ByteSink } from '../format/byte-sink.ts'
import type { ColumnChunk } from './column-builder.ts'
import type { Column } from '../format/columns.ts'
import { PLAIN } from '../format/encoded-values.ts'
import { writeFooter } from './write-footer.ts'
import type { WrittenChunk, WrittenGroup } from './write-footer.ts'
import { createThriftWriter } from './write-thrift.ts'

const DICTIONARY_PAGE = 2
const DATA_PAGE_V2 = 3

/** Packs a page of the column with zstd. */
type Compress = (bytes: Uint8Array, column: Column) => Uint8Array

/** Makes a Parquet file row group by row group; the caller stores the bytes. */
export interface ParquetWriter {
  /** The next bytes of the file: one row group. Valid until the next call. */
  group(rows: number, chunks: readonly ColumnChunk[]): Uint8Array
  /** The last bytes of the file: bloom filters and footer. */
  finish(): Uint8Array
}

/** A writer of files with the columns. */
export function createParquetWriter(columns: readonly Column[], compress: Compress): ParquetWriter {
  const groups: WrittenGroup[] = []
  const filters: Uint8Array[] = []
  const sink = createByteSink(1024 * 1024)
  let offset = 0
  sink.raw(Buffer.from('PAR1'))

  function writeChunk(chunk: ColumnChunk): WrittenChunk {
    const start = offset + sink.length
    let unpacked = 0
    const { dictionary } = chunk
    if (dictionary) unpacked += writeDictionaryPage(sink, dictionary, (bytes) => compress(bytes, chunk.column))
    const dataStart = offset + sink.length
    unpacked += writeDataPage(sink, chunk, compress)
    const { column, encoding, slots, nulls, bounds } = chunk
    const packed = offset + sink.length - start
    const hasDictionary = dictionary !== null
    return { column, encoding, slots, nulls, bounds, start, dataStart, hasDictionary, packed, unpacked }
  }

  return {
    group(rows, chunks) {
      if (offset > 0) sink.clear()
      groups.push({ rows, chunks: chunks.map(writeChunk) })
      filters.push(bloomOf(chunks[0]!.bytes as Buffer))
      offset += sink.length
      return sink.bytes
    },
    finish() {
      if (offset > 0) sink.clear()
      writeFooter(sink, offset, columns, groups, filters)
      return sink.bytes
    },
  }
}

function writeDictionaryPage(
  sink: ByteSink,
  dictionary: { readonly bytes: Uint8Array; readonly entries: number },
  compress: (bytes: Uint8Array) => Uint8Array,
): number {
  const start = sink.length
  const body = compress(dictionary.bytes)
  const thrift = createThriftWriter(sink)
  thrift.itemStruct(() => {
    thrift.int32(1, DICTIONARY_PAGE)
    thrift.int32(2, dictionary.bytes.length)
    thrift.int32(3, body.length)
    thrift.struct(7, () => {
      thrift.int32(1, dictionary.entries)
      thrift.int32(2, PLAIN)
    })
  })
  const head = sink.length - start
  sink.raw(body)
  return head + dictionary.bytes.length
}

function writeDataPage(sink: ByteSink, chunk: ColumnChunk, compress: Compress): number {
  const { column, bytes, levels } = chunk
  const start = sink.length
  // Digests are random and nothing is smaller than nothing.
  const packed = column.kind !== 'digest' && bytes.length > 0
  const body = packed ? compress(bytes, column) : bytes
  const thrift = createThriftWriter(sink)
  thrift.itemStruct(() => {
    thrift.int32(1, DATA_PAGE_V2)
    thrift.int32(2, levels.length + bytes.length)
    thrift.int32(3, levels.length + body.length)
    thrift.struct(8, () => {
      thrift.int32(1, chunk.slots)
      thrift.int32(2, chunk.nulls)
      thrift.int32(3, chunk.rows)
      thrift.int32(4, chunk.encoding)
      thrift.int32(5, levels.length - chunk.repetitionBytes)
      thrift.int32(6, chunk.repetitionBytes)
      thrift.flag(7, packed)
    })
  })
  const head = sink.length - start
  sink.raw(levels)
  sink.raw(body)
  return head + levels.length + bytes.length
}
