/** A buffer that grows, written from the front and used again after `clear`. */
export interface ByteSink {
  readonly length: number
  /** What was written; valid until the next write. */
  readonly bytes: Buffer
  /** The same without its end, for looking back at what was written. */
  readonly memory: Buffer
  clear(): void
  byte(value: number): void
  /** Four bytes, little-endian. */
  uint32(value: number): void
  /** Eight bytes, little-endian two's complement. @param value a safe integer */
  int64(value: number): void
  double(value: number): void
  /** LEB128. @param value a whole number from 0 to 2^53-1 */
  varint(value: number): void
  raw(bytes: Uint8Array): void
  /** Parquet's plain BYTE_ARRAY: the length, then the bytes. */
  block(bytes: Uint8Array): void
  /** The same of a text in UTF-8. */
  text(value: string): void
}

/** Up to here a loop is faster than a call into Node. */
const SHORT_TEXT = 24
/** From here on counting the bytes costs less than room for three bytes per character. */
const LONG_TEXT = 4096

/** An empty sink. */
export function createByteSink(capacity = 1024): ByteSink {
  let buffer = Buffer.allocUnsafeSlow(capacity)
  let length = 0

  function reserve(bytes: number): void {
    if (length + bytes <= buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, length + bytes))
    buffer.copy(larger, 0, 0, length)
    buffer = larger
  }

  function putUint32(at: number, value: number): void {
    buffer[at] = value
    buffer[at + 1] = value >>> 8
    buffer[at + 2] = value >>> 16
    buffer[at + 3] = value >>> 24
  }

  /** The bytes written; 0 when the text is not all ASCII. */
  function putAscii(start: number, value: string): number {
    for (let at = 0; at < value.length; at += 1) {
      const code = value.charCodeAt(at)
      if (code > 0x7f) return 0
      buffer[start + at] = code
    }
    return value.length
  }

  return {
    get length() {
      return length
    },
    get bytes() {
      return buffer.subarray(0, length)
    },
    get memory() {
      return buffer
    },
    clear() {
      length = 0
    },
    byte(value) {
      reserve(1)
      buffer[length++] = value
    },
    uint32(value) {
      reserve(4)
      putUint32(length, value)
      length += 4
    },
    int64(value) {
      reserve(8)
      const high = Math.floor(value / 2 ** 32)
      putUint32(length, value - high * 2 ** 32)
      putUint32(length + 4, high)
      length += 8
    },
    double(value) {
      reserve(8)
      length = buffer.writeDoubleLE(value, length)
    },
    varint(value) {
      reserve(8)
      let rest = value
      for (; rest > 0x7f; rest = Math.floor(rest / 128)) buffer[length++] = (rest % 128) | 0x80
      buffer[length++] = rest
    },
    raw(bytes) {
      reserve(bytes.length)
      buffer.set(bytes, length)
      length += bytes.length
    },
    block(bytes) {
      reserve(4 + bytes.length)
      putUint32(length, bytes.length)
      buffer.set(bytes, length + 4)
      length += 4 + bytes.length
    },
    text(value) {
      reserve(4 + (value.length < LONG_TEXT ? value.length * 3 : Buffer.byteLength(value)))
      const start = length + 4
      const written = (value.length < SHORT_TEXT && putAscii(start, value)) || buffer.write(value, start, 'utf8')
      putUint32(length, written)
      length += 4 + written
    },
  }
}
