import { compress, decompress, init } from '@bokuweb/zstd-wasm'
import { DatasetError } from '../errors.ts'

const LEVEL = 3
/** Enough for text that repeats nothing, such as encrypted fields: less time for 0.6 % more bytes. */
export const QUICK_LEVEL = 1
const MAGIC = 0xfd2fb528

/** One codec for all callers: libzstd as WebAssembly gives the same bytes on every platform and Node version. */
export interface Zstd {
  /** @param level default 3 */
  compress(input: Uint8Array, level?: number): Uint8Array
  /** @param bytes the exact size of the result; anything else is `CORRUPT_PARQUET` */
  decompress(input: Uint8Array, bytes: number): Uint8Array
}

let ready: Promise<Zstd> | undefined

/** Loads the WebAssembly once per process. */
export function loadZstd(): Promise<Zstd> {
  ready ??= init().then(() => ({
    compress: (input, level = LEVEL) => compress(input, level),
    decompress: decompressExactly,
  }))
  return ready
}

function decompressExactly(input: Uint8Array, bytes: number): Uint8Array {
  // The library allocates what the frame announces, so the announcement is compared first.
  if (announcedSize(input) !== bytes) throw corrupt()
  try {
    const output = decompress(input)
    if (output.length === bytes) return output
  } catch (cause) {
    throw corrupt(cause)
  }
  throw corrupt()
}

/** Frame_Content_Size of a zstd frame (RFC 8878, 3.1.1.1), null when it is absent or the header is cut off. */
function announcedSize(frame: Uint8Array): number | null {
  if (frame.length < 14) {
    if (frame.length < 6) return null
    const padded = new Uint8Array(14)
    padded.set(frame)
    return announcedSize(padded)
  }
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (view.getUint32(0, true) !== MAGIC) return null
  const descriptor = view.getUint8(4)
  const single = (descriptor & 0x20) !== 0
  const start = 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!
  switch (descriptor >> 6) {
    case 0:
      return single ? view.getUint8(start) : null
    case 1:
      return view.getUint16(start, true) + 256
    case 2:
      return view.getUint32(start, true)
    default:
      return null // 4 GiB or more
  }
}

function corrupt(cause?: unknown): DatasetError {
  return new DatasetError('CORRUPT_PARQUET', 'a compressed page is damaged or not of the announced size', cause)
}
