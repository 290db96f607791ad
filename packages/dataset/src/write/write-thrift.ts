import type { ByteSink } from '../format/byte-sink.ts'

/** Element types of lists in Thrift's compact protocol. */
export const THRIFT_INT32 = 5
export const THRIFT_BINARY = 8
export const THRIFT_STRUCT = 12

/**
 * Writes Thrift's compact protocol
 * (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md), field by field in ascending
 * order. Numbers are whole and from 0 to 2^52.
 */
export interface ThriftWriter {
  flag(field: number, value: boolean): void
  int32(field: number, value: number): void
  int64(field: number, value: number): void
  binary(field: number, value: string | Uint8Array): void
  struct(field: number, write: () => void): void
  /** `write` is called per item, with `item…` methods inside. */
  list<T>(field: number, type: number, items: readonly T[], write: (item: T) => void): void
  itemNumber(value: number): void
  itemText(value: string): void
  /** A struct without a field number: the outermost one or an item. */
  itemStruct(write: () => void): void
}

/** A writer into the sink. */
export function createThriftWriter(sink: ByteSink): ThriftWriter {
  let last = 0

  function head(field: number, type: number): void {
    sink.byte(((field - last) << 4) | type)
    last = field
  }
  function bytes(value: string | Uint8Array): void {
    const raw = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
    sink.varint(raw.length)
    sink.raw(raw)
  }
  function body(write: () => void): void {
    const outer = last
    last = 0
    write()
    sink.byte(0)
    last = outer
  }

  return {
    flag: (field, value) => head(field, value ? 1 : 2),
    int32(field, value) {
      head(field, THRIFT_INT32)
      sink.varint(value * 2)
    },
    int64(field, value) {
      head(field, 6)
      sink.varint(value * 2)
    },
    binary(field, value) {
      head(field, THRIFT_BINARY)
      bytes(value)
    },
    struct(field, write) {
      head(field, THRIFT_STRUCT)
      body(write)
    },
    list(field, type, items, write) {
      head(field, 9)
      sink.byte((Math.min(items.length, 15) << 4) | type)
      if (items.length >= 15) sink.varint(items.length)
      for (const item of items) write(item)
    },
    itemNumber: (value) => sink.varint(value * 2),
    itemText: bytes,
    itemStruct: body,
  }
}
