import { createByteSink } from './byte-sink.ts'
import { DICTIONARY_TRIAL, PLAIN, RLE_DICTIONARY, writeIndexes } from './encoded-values.ts'
import type { ColumnValues } from './encoded-values.ts'
import { textBounds } from './statistics.ts'

/**
 * Texts, each encoded to UTF-8 once: as entries of a dictionary while that promises to halve them, else one behind
 * the other.
 * @param statistics whether bounds are wanted
 */
export function createTextValues(statistics: boolean): ColumnValues {
  let sink = createByteSink()
  let spare = createByteSink()
  const runs = createByteSink()
  const known = new Map<string, number>()
  /** Where the entries of the dictionary begin. */
  let starts: number[] = []
  let indexes = new Uint32Array(1024)
  let repeating = true
  let count = 0
  /** Where the least and the greatest text begin. */
  let minAt = 0
  let maxAt = 0

  function append(value: string): void {
    const start = sink.length
    sink.text(value)
    if (!statistics || start === 0) return
    const bytes = sink.memory
    if (compareTexts(bytes, start, minAt) < 0) minAt = start
    if (compareTexts(bytes, start, maxAt) > 0) maxAt = start
  }

  /** Writes every text out and goes on without a dictionary. */
  function giveUp(): void {
    const bytes = sink.bytes
    starts.push(bytes.length)
    let [newMin, newMax] = [0, 0]
    spare.clear()
    for (let at = 0; at < count; at += 1) {
      const start = starts[indexes[at]!]!
      if (start === minAt) newMin = spare.length
      if (start === maxAt) newMax = spare.length
      spare.raw(bytes.subarray(start, starts[indexes[at]! + 1]))
    }
    minAt = newMin
    maxAt = newMax
    ;[sink, spare] = [spare, sink]
    repeating = false
    known.clear()
  }

  function note(value: string): void {
    let index = known.get(value)
    if (index === undefined) {
      index = known.size
      known.set(value, index)
      starts.push(sink.length)
      append(value)
    }
    if (count === indexes.length) {
      const larger = new Uint32Array(count * 2)
      larger.set(indexes)
      indexes = larger
    }
    indexes[count] = index
  }

  return {
    add(value) {
      if (count === 0) sink.clear()
      if (repeating) note(value as string)
      else append(value as string)
      count += 1
      if (repeating && count === DICTIONARY_TRIAL && known.size * 2 > count) giveUp()
    },
    take() {
      if (count === 0) sink.clear()
      else if (repeating && known.size * 2 > count) giveUp()
      const entries = known.size
      const bytes = sink.bytes
      const bounds = statistics && count > 0 ? textBounds(textAt(bytes, minAt), textAt(bytes, maxAt)) : null
      if (repeating && count > 0) {
        runs.clear()
        writeIndexes(runs, indexes, count, entries)
      }
      const dictionary = repeating && count > 0 ? { bytes, entries } : null
      known.clear()
      starts = []
      repeating = true
      count = 0
      minAt = 0
      maxAt = 0
      return dictionary
        ? { encoding: RLE_DICTIONARY, dictionary, bytes: runs.bytes, bounds }
        : { encoding: PLAIN, dictionary, bytes, bounds }
    },
  }
}

function textAt(bytes: Buffer, start: number): Buffer {
  return bytes.subarray(start + 4, start + 4 + bytes.readUInt32LE(start))
}

/** Order of two length-prefixed texts by their bytes, which is that of their code points. */
function compareTexts(bytes: Buffer, a: number, b: number): number {
  const aLength = bytes.readUInt32LE(a)
  const bLength = bytes.readUInt32LE(b)
  const shorter = Math.min(aLength, bLength)
  for (let at = 4; at < shorter + 4; at += 1) {
    const order = bytes[a + at]! - bytes[b + at]!
    if (order !== 0) return order
  }
  return aLength - bLength
}
