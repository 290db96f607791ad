import type { ByteSink } from '../format/byte-sink.ts'

/** Shorter repetitions go into bit-packed groups of eight. */
const SHORTEST_RUN = 8

/**
 * Writes Parquet's RLE / bit-packed hybrid, the reverse of `readHybrid`.
 * @param width bits per value, 1 to 24
 */
export function writeHybrid(sink: ByteSink, values: Uint8Array | Uint32Array, count: number, width: number): void {
  let packedFrom = 0
  for (let at = 0; at < count;) {
    const value = values[at]!
    let end = at + 1
    while (end < count && values[end] === value) end += 1
    if (end - at < SHORTEST_RUN) {
      at = Math.min(count, at + 8) // groups of eight: a run can only begin behind a whole one
      continue
    }
    writePacked(sink, values, packedFrom, at, width)
    sink.varint((end - at) * 2)
    for (let shift = 0; shift < width; shift += 8) sink.byte((value >>> shift) & 0xff)
    at = end
    packedFrom = end
  }
  writePacked(sink, values, packedFrom, count, width)
}

function writePacked(sink: ByteSink, values: Uint8Array | Uint32Array, from: number, to: number, width: number): void {
  if (from === to) return
  const groups = Math.ceil((to - from) / 8)
  sink.varint(groups * 2 + 1)
  let buffer = 0
  let bits = 0
  for (let at = from; at < from + groups * 8; at += 1) {
    if (at < to) buffer |= values[at]! << bits
    for (bits += width; bits >= 8; bits -= 8) {
      sink.byte(buffer & 0xff)
      buffer >>>= 8
    }
  }
}
