import { createByteSink } from './byte-sink.ts'
import type { ByteSink } from './byte-sink.ts'
import type { Column } from './columns.ts'
import { DICTIONARY_TRIAL, PLAIN, RLE, RLE_DICTIONARY, writeIndexes } from './encoded-values.ts'
import type { ColumnValues } from './encoded-values.ts'
import { writeHybrid } from '../write/write-runs.ts'
import { exactBounds } from './statistics.ts'
import type { Bounds } from './statistics.ts'
import { createTextValues } from './text-values.ts'

/** The collector for a column; lists collect their elements. */
export function createColumnValues(column: Column): ColumnValues {
  switch (column.kind) {
    case 'digest':
      return createBlocks((sink, value) => sink.raw(value), true)
    case 'bytes':
      return createBlocks((sink, value) => sink.block(value), false)
    case 'int':
      return createNumbers((sink, value) => sink.int64(value), true)
    case 'float':
      return createNumbers((sink, value) => sink.double(value), false) // a dictionary would take -0 for 0
    case 'flag':
      return createFlags()
    default:
      return createTextValues(column.statistics)
  }
}

/** @param sorted values of one length in ascending order, whose first and last are the bounds */
function createBlocks(write: (sink: ByteSink, value: Uint8Array) => void, sorted: boolean): ColumnValues {
  const sink = createByteSink()
  let count = 0
  return {
    add(value) {
      if (count === 0) sink.clear()
      write(sink, value as Uint8Array)
      count += 1
    },
    take() {
      const bytes = sink.bytes
      const size = bytes.length / count
      const bounds =
        sorted && count > 0
          ? exactBounds(Uint8Array.from(bytes.subarray(0, size)), Uint8Array.from(bytes.subarray(-size)))
          : null
      count = 0
      return { encoding: PLAIN, dictionary: null, bytes, bounds }
    },
  }
}

function createNumbers(write: (sink: ByteSink, value: number) => void, mayRepeat: boolean): ColumnValues {
  const sink = createByteSink()
  const entries = createByteSink()
  let values = new Float64Array(1024)
  let indexes = new Uint32Array(1024)
  let count = 0

  /** The distinct values in the order of their appearance, or null when there are too many of them. */
  function repeat(): Map<number, number> | null {
    if (indexes.length < values.length) indexes = new Uint32Array(values.length)
    const known = new Map<number, number>()
    for (let at = 0; at < count; at += 1) {
      let index = known.get(values[at]!)
      if (index === undefined) known.set(values[at]!, (index = known.size))
      indexes[at] = index
      if (at === DICTIONARY_TRIAL && known.size * 2 > at) return null
    }
    return known.size * 2 > count ? null : known
  }

  function bounds(): Bounds | null {
    if (count === 0) return null
    let min = Infinity
    let max = -Infinity
    for (let at = 0; at < count; at += 1) {
      const value = values[at]!
      if (value < min) min = value
      if (value > max) max = value
    }
    // Parquet wants a zero minimum as -0 and a zero maximum as +0.
    return exactBounds(single(min === 0 ? -0 : min), single(max === 0 ? 0 : max))
  }

  function single(value: number): Uint8Array {
    entries.clear()
    write(entries, value)
    return Uint8Array.from(entries.bytes)
  }

  return {
    add(value) {
      if (count === values.length) {
        const larger = new Float64Array(count * 2)
        larger.set(values)
        values = larger
      }
      values[count++] = value as number
    },
    take() {
      const found = { bounds: bounds() }
      const known = mayRepeat && count > 0 ? repeat() : null
      sink.clear()
      entries.clear()
      if (known) {
        for (const value of known.keys()) write(entries, value)
        writeIndexes(sink, indexes, count, known.size)
        count = 0
        const dictionary = { bytes: entries.bytes, entries: known.size }
        return { ...found, encoding: RLE_DICTIONARY, dictionary, bytes: sink.bytes }
      }
      for (let at = 0; at < count; at += 1) write(sink, values[at]!)
      count = 0
      return { ...found, encoding: PLAIN, dictionary: null, bytes: sink.bytes }
    },
  }
}

function createFlags(): ColumnValues {
  const sink = createByteSink()
  const runs = createByteSink()
  let values = new Uint8Array(1024)
  let count = 0
  let set = 0
  return {
    add(value) {
      if (count === values.length) {
        const larger = new Uint8Array(count * 2)
        larger.set(values)
        values = larger
      }
      const bit = value === true ? 1 : 0
      set += bit
      values[count++] = bit
    },
    take() {
      sink.clear()
      runs.clear()
      writeHybrid(runs, values, count, 1)
      sink.block(runs.bytes)
      const bounds =
        count === 0 ? null : exactBounds(Uint8Array.of(set === count ? 1 : 0), Uint8Array.of(set > 0 ? 1 : 0))
      count = 0
      set = 0
      return { encoding: RLE, dictionary: null, bytes: sink.bytes, bounds }
    },
  }
}
