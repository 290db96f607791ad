import { DatasetError } from '../errors.ts'

/**
 * Decodes exactly `count` values of Parquet's RLE / bit-packed hybrid
 * (https://parquet.apache.org/docs/file-format/data-pages/encodings/), with work bounded by `count`.
 * @throws DatasetError `CORRUPT_PARQUET`
 */
export function readHybrid(bytes: Uint8Array, width: number, count: number): Uint32Array {
  if (width > 24) throw corruptRun()
  const output = new Uint32Array(count)
  const mask = 2 ** width - 1
  let at = 0
  let done = 0
  while (done < count) {
    let head = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      if (byte === undefined || scale > 2 ** 28) throw corruptRun()
      head += (byte & 0x7f) * scale
      if (byte < 0x80) break
    }
    const length = Math.floor(head / 2)
    if (length === 0) throw corruptRun()
    if (head % 2 === 0) {
      const end = at + Math.ceil(width / 8)
      if (end > bytes.length || length > count - done) throw corruptRun()
      let value = 0
      for (let shift = 0; at < end; shift += 8) value |= bytes[at++]! << shift
      output.fill(value >>> 0, done, done + length)
      done += length
    } else {
      const end = at + length * width
      if (end > bytes.length || length * 8 - 7 > count - done) throw corruptRun()
      let buffer = 0
      let bits = 0
      for (const stop = Math.min(count, done + length * 8); done < stop; done += 1) {
        for (; bits < width; bits += 8) buffer |= bytes[at++]! << bits
        output[done] = buffer & mask
        buffer >>>= width
        bits -= width
      }
      at = end
    }
  }
  return output
}

function corruptRun(): DatasetError {
  return new DatasetError('CORRUPT_PARQUET', 'a page of the Parquet file is damaged: its runs do not fit its values')
}
