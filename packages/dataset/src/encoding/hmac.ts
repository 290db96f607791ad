import { hash } from 'node:crypto'

const BLOCK = 64
/** Messages up to this size are copied into one buffer that is used again and again. */
const USUAL = 4096

/** HMAC-SHA256 of the parts, one behind the other. The result is the caller's. */
export type Hmac = (first: Uint8Array, second: Uint8Array) => Buffer

/**
 * HMAC-SHA256 (RFC 2104) by two one-shot hashes: for short messages Node's `createHmac` spends most of its time on
 * making its object.
 * @param key at most 64 bytes
 */
export function createHmacSha256(key: Uint8Array): Hmac {
  const outer = padded(key, 0x5c, BLOCK + 32)
  const usual = padded(key, 0x36, BLOCK + USUAL)
  return (first, second) => {
    const end = BLOCK + first.length + second.length
    const inner = end <= usual.length ? usual : padded(key, 0x36, end)
    inner.set(first, BLOCK)
    inner.set(second, BLOCK + first.length)
    // Node gives a hash as text in a third of the time of a Buffer.
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK, 'latin1')
    return Buffer.from(hash('sha256', outer, 'binary'), 'latin1')
  }
}

function padded(key: Uint8Array, filler: number, size: number): Buffer {
  const buffer = Buffer.alloc(size)
  for (let at = 0; at < BLOCK; at += 1) buffer[at] = (key[at] ?? 0) ^ filler
  return buffer
}
