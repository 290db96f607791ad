import { createHash, hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Hashing, RunningHash } from '../source/hashing.ts'

/** Hash functions of Node: CRC-32 and SHA-256 of the processor's own instructions. */
export function createNodeHashing(): Hashing {
  const running = (name: string): RunningHash => {
    const state = createHash(name)
    return { update: (bytes) => void state.update(bytes), hex: () => state.digest('hex') }
  }
  return {
    // zlib begins anew when it is given no memory at all, as by some empty arrays.
    crc32: (bytes, seed = 0) => (bytes.length === 0 ? seed : crc32(bytes, seed)),
    sha256: () => running('sha256'),
    sha256Of: (bytes) => hash('sha256', bytes),
    md5: () => running('md5'),
  }
}
