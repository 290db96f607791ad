import { createByteSink } from '../format/byte-sink.ts'
import { createColumnValues } from '../format/column-values.ts'
import type { Column } from '../format/columns.ts'
import type { CellValue, EncodedValues } from '../format/encoded-values.ts'
import { writeHybrid } from './write-runs.ts'

/** A cell that is not null. */
export type Cell = CellValue | readonly string[]

/** One column of one row group, ready to become pages. */
export interface ColumnChunk extends EncodedValues {
  readonly column: Column
  readonly rows: number
  /** Rows, for lists their elements and one for each list that is empty or null. */
  readonly slots: number
  /** Slots without a value. */
  readonly nulls: number
  readonly repetitionBytes: number
  /** Repetition levels, then definition levels. Valid until the next `put`. */
  readonly levels: Uint8Array
}

/** Collects one column of a row group. Cells that are not put are null. */
export interface ColumnBuilder {
  /** @param row ascending, below the capacity */
  put(row: number, cell: Cell): void
  /** The first `rows` cells, and a fresh start. */
  take(rows: number): ColumnChunk
}

/** @param capacity rows of the largest row group */
export function createColumnBuilder(column: Column, capacity: number): ColumnBuilder {
  return column.kind === 'texts' ? createListBuilder(column) : createFlatBuilder(column, capacity)
}

function createFlatBuilder(column: Column, capacity: number): ColumnBuilder {
  const values = createColumnValues(column)
  const present = new Uint8Array(capacity)
  const levels = createByteSink()
  let count = 0
  return {
    put(row, cell) {
      present[row] = 1
      count += 1
      values.add(cell as CellValue)
    },
    take(rows) {
      levels.clear()
      if (!column.required) writeHybrid(levels, present, rows, 1)
      const nulls = rows - count
      present.fill(0)
      count = 0
      return { ...values.take(), column, rows, slots: rows, nulls, repetitionBytes: 0, levels: levels.bytes }
    },
  }
}

/** Definition levels: 0 no list, 1 an empty one, 2 an element; repetition levels: 0 a row begins, 1 it goes on. */
function createListBuilder(column: Column): ColumnBuilder {
  const values = createColumnValues(column)
  const sink = createByteSink()
  let definitions = new Uint8Array(1024)
  let repetitions = new Uint8Array(1024)
  let slots = 0
  let nulls = 0
  let nextRow = 0

  function slot(definition: number, repetition: number): void {
    if (slots === definitions.length) {
      definitions = doubled(definitions)
      repetitions = doubled(repetitions)
    }
    definitions[slots] = definition
    repetitions[slots] = repetition
    slots += 1
    if (definition < 2) nulls += 1
  }
  function skipTo(row: number): void {
    for (; nextRow < row; nextRow += 1) slot(0, 0)
  }

  return {
    put(row, cell) {
      skipTo(row)
      nextRow += 1
      const list = cell as readonly string[]
      if (list.length === 0) slot(1, 0)
      for (let at = 0; at < list.length; at += 1) {
        slot(2, at === 0 ? 0 : 1)
        values.add(list[at]!)
      }
    },
    take(rows) {
      skipTo(rows)
      sink.clear()
      writeHybrid(sink, repetitions, slots, 1)
      const repetitionBytes = sink.length
      writeHybrid(sink, definitions, slots, 2)
      const chunk = { ...values.take(), column, rows, slots, nulls, repetitionBytes, levels: sink.bytes }
      slots = 0
      nulls = 0
      nextRow = 0
      return chunk
    },
  }
}

function doubled(levels: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(levels.length * 2)
  larger.set(levels)
  return larger
}
