/** A hash that is fed piece by piece. */
export interface RunningHash {
  update(bytes: Uint8Array): void
  /** Lower-case hex; ends the hash. */
  hex(): string
}

/** The hash functions of the platform. */
export interface Hashing {
  /** CRC-32 (ISO-HDLC, as in zlib); `seed` is the value of what came before, 0 at the start. Unsigned. */
  crc32(this: void, bytes: Uint8Array, seed?: number): number
  sha256(): RunningHash
  /** The SHA-256 of bytes that are all there, lower-case hex. */
  sha256Of(this: void, bytes: Uint8Array): string
  md5(): RunningHash
}
