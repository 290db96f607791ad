import { DatasetError } from '../errors.ts'

/** A decoded Thrift value; every number fits JavaScript's safe integers. */
export type ThriftValue = number | boolean | Uint8Array | ThriftStruct | readonly ThriftValue[]
/** Fields by their number. */
export interface ThriftStruct {
  readonly [field: number]: ThriftValue | undefined
}

const MAX_DEPTH = 12
const EMPTY: ThriftStruct = Object.freeze({})

/**
 * Reads one struct of Thrift's compact protocol
 * (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md), never more than `maxValues`
 * values, so that a hostile file costs bounded time and memory.
 * @returns the struct and the offset behind it
 * @throws DatasetError `CORRUPT_PARQUET`
 */
export function readThrift(
  bytes: Uint8Array,
  start: number,
  maxValues: number,
): { readonly value: ThriftStruct; readonly end: number } {
  let at = start
  let left = maxValues

  function byte(): number {
    const value = bytes[at]
    if (value === undefined) throw corruptThrift('it ends too early')
    at += 1
    return value
  }

  function varint(): number {
    let result = 0
    for (let scale = 1; ; scale *= 128) {
      const value = byte()
      result += (value & 0x7f) * scale
      if (result > Number.MAX_SAFE_INTEGER) throw corruptThrift('a number is too large')
      if (value < 0x80) return result
      if (scale > 2 ** 49) throw corruptThrift('a number is too long')
    }
  }

  function zigzag(): number {
    const value = varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  function struct(depth: number): ThriftStruct {
    if (depth > MAX_DEPTH) throw corruptThrift('it is nested too deep')
    let fields: Record<number, ThriftValue> | null = null
    let id = 0
    for (;;) {
      const head = byte()
      if ((head & 15) === 0) return fields ?? EMPTY
      id = head >> 4 === 0 ? zigzag() : id + (head >> 4)
      if (id < 1 || id > 0x7fff) throw corruptThrift('a field number is out of range')
      fields ??= {}
      fields[id] = value(head & 15, depth, false)
    }
  }

  function value(type: number, depth: number, inList: boolean): ThriftValue {
    left -= 1
    if (left < 0) throw corruptThrift('it has too many values')
    switch (type) {
      case 1:
      case 2:
        return inList ? byte() === 1 : type === 1
      case 3:
        return byte()
      case 4:
      case 5:
      case 6:
        return zigzag()
      case 7:
        return skip(8)
      case 8:
        return skip(varint())
      case 9:
        return list(depth + 1)
      case 12:
        return struct(depth + 1)
      default:
        throw corruptThrift('it has a type that Parquet does not use')
    }
  }

  function skip(length: number): Uint8Array {
    if (length > bytes.length - at) throw corruptThrift('it ends too early')
    at += length
    return bytes.subarray(at - length, at)
  }

  function list(depth: number): ThriftValue[] {
    if (depth > MAX_DEPTH) throw corruptThrift('it is nested too deep')
    const head = byte()
    const length = head >> 4 === 15 ? varint() : head >> 4
    const values: ThriftValue[] = []
    for (let i = 0; i < length; i += 1) values.push(value(head & 15, depth, true))
    return values
  }

  const result = struct(0)
  return { value: result, end: at }
}

/** The number in a field, or null. */
export function numberIn(struct: ThriftStruct, field: number): number | null {
  const value = struct[field]
  return typeof value === 'number' ? value : null
}

/** The struct in a field. @throws DatasetError `CORRUPT_PARQUET` */
export function structIn(struct: ThriftStruct, field: number): ThriftStruct {
  return asStruct(struct[field])
}

/** The bytes in a field, or null. */
export function bytesIn(struct: ThriftStruct, field: number): Uint8Array | null {
  const value = struct[field]
  return value instanceof Uint8Array ? value : null
}

/** The list in a field. @throws DatasetError `CORRUPT_PARQUET` */
export function listIn(struct: ThriftStruct, field: number): readonly ThriftValue[] {
  const value = struct[field]
  if (Array.isArray(value)) return value as readonly ThriftValue[]
  throw corruptThrift('a list is missing')
}

/** @throws DatasetError `CORRUPT_PARQUET` */
export function asStruct(value: ThriftValue | undefined): ThriftStruct {
  if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)) return value
  throw corruptThrift('a struct is missing')
}

function corruptThrift(what: string): DatasetError {
  return new DatasetError('CORRUPT_PARQUET', `the Parquet metadata is damaged: ${what}`)
}
