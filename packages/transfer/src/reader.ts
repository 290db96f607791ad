import { joinCrc32 } from './crc32.ts'
import type { Hashing } from './hashing.ts'

/** One part, as it was read. */
export interface Piece {
  /** How much of the buffer was filled; less than it holds only at the end. */
  readonly bytes: number
  /** CRC-32 of it; 0 when no checksum is wanted. */
  readonly crc32: number
}

/** Where the bytes that are sent come from, in order: the source itself, or its compressed form. */
export interface PieceReader {
  next(into: Uint8Array, signal: AbortSignal): Promise<Piece>
  /** CRC-32 of everything read so far. */
  readonly crc32: number
  /** Everything read so far. */
  readonly bytes: number
}

/** Hashed while it is still in the processor's cache. */
const SLICE = 1024 * 1024

/**
 * Reads once and hashes on the way.
 * @param fill fills a buffer, short only at the end
 * @param seen given every byte once, in order; the SHA-256
 */
export function createPieceReader(
  fill: (into: Uint8Array, signal: AbortSignal) => Promise<number>,
  hashing: Hashing,
  options: { readonly crc32: boolean; readonly seen?: ((bytes: Uint8Array) => void) | undefined },
): PieceReader {
  let whole = 0
  let bytes = 0
  return {
    next: async (into, signal) => {
      let filled = 0
      let crc32 = 0
      while (filled < into.length) {
        const slice = into.subarray(filled, filled + SLICE)
        const got = await fill(slice, signal)
        const part = slice.subarray(0, got)
        options.seen?.(part)
        if (options.crc32) crc32 = hashing.crc32(part, crc32)
        filled += got
        if (got < slice.length) break
      }
      if (options.crc32) whole = bytes === 0 ? crc32 : joinCrc32(whole, crc32, filled)
      bytes += filled
      return { bytes: filled, crc32 }
    },
    get crc32() {
      return whole
    },
    get bytes() {
      return bytes
    },
  }
}
