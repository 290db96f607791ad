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
  next(into: Uint8Array, signal: AbortSignal | undefined): Promise<Piece>
  /** Counts bytes that are sent without being read here. */
  count(bytes: number): void
  /** Takes back everything read so far, to be read again in other pieces. */
  takeBack(bytes: Uint8Array): void
  /** CRC-32 of everything read so far. */
  readonly crc32: number
  /** Everything read so far. */
  readonly bytes: number
}

/** Hashed while it is still in the processor's cache. */
const SLICE = 4 * 1024 * 1024

/**
 * Reads once and hashes on the way.
 * @param fill fills a buffer, short only at the end
 * @param seen given every byte once, in order; the SHA-256
 */
export function createPieceReader(
  fill: (into: Uint8Array, signal: AbortSignal | undefined) => Promise<number>,
  hashing: Hashing,
  options: { readonly crc32: boolean; readonly seen?: ((bytes: Uint8Array) => void) | undefined },
): PieceReader {
  /** Read and seen before, to be given once more. */
  let again = new Uint8Array(0)

  /** What was taken back comes first. Short only at the end. */
  async function readAgain(into: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
    const known = again.subarray(0, into.length)
    again = again.subarray(known.length)
    into.set(known)
    if (known.length > 0 && known.length === into.length) return known.length
    return known.length + (await readOn(into.subarray(known.length), signal))
  }
  async function readOn(into: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
    const got = await fill(into, signal)
    options.seen?.(into.subarray(0, got))
    return got
  }
  const reader: PieceReader & { crc32: number; bytes: number } = {
    crc32: 0,
    bytes: 0,
    next: async (into, signal) => {
      let filled = 0
      let crc32 = 0
      // Once also for nothing: the source may have more than it announced.
      do {
        const slice = into.subarray(filled, filled + SLICE)
        const got = await (again.length === 0 ? readOn(slice, signal) : readAgain(slice, signal))
        if (options.crc32) crc32 = hashing.crc32(slice.subarray(0, got), crc32)
        filled += got
        if (got < slice.length) break
      } while (filled < into.length)
      if (options.crc32) reader.crc32 = reader.bytes === 0 ? crc32 : joinCrc32(reader.crc32, crc32, filled)
      reader.bytes += filled
      return { bytes: filled, crc32 }
    },
    count: (bytes) => void (reader.bytes += bytes),
    takeBack: (given) => {
      again = given.slice()
      reader.crc32 = 0
      reader.bytes = 0
    },
  }
  return reader
}
