import { crc32 as zlibCrc32 } from 'node:zlib'

/** A running checksum; `digest` gives the bytes that S3 puts into base64 (big endian for CRCs). */
export interface RunningDigest {
  update(chunk: Uint8Array): void
  digest(): Buffer
}

export function crc32(): RunningDigest {
  let value = 0
  return {
    update: (chunk) => {
      value = zlibCrc32(chunk, value)
    },
    digest: () => uint32(value),
  }
}

const CRC32C_TABLE = table32(0x82f63b78)

/** CRC-32C (Castagnoli), reflected polynomial 0x82f63b78; RFC 3720 appendix B.4 has known answers. */
export function crc32c(): RunningDigest {
  let value = 0xffffffff
  return {
    update: (chunk) => {
      let running = value
      for (const byte of chunk) running = (running >>> 8) ^ (CRC32C_TABLE[(running ^ byte) & 0xff] ?? 0)
      value = running
    },
    digest: () => uint32((value ^ 0xffffffff) >>> 0),
  }
}

const [NVME_HIGH, NVME_LOW] = table64(0x9a6c9329ac4bc9b5n)

/** CRC-64/NVME, reflected polynomial 0x9a6c9329ac4bc9b5, kept in two 32-bit halves because BigInt is slow. */
export function crc64nvme(): RunningDigest {
  let high = 0xffffffff
  let low = 0xffffffff
  return {
    update: (chunk) => {
      let [h, l] = [high, low]
      for (const byte of chunk) {
        const index = (l ^ byte) & 0xff
        l = ((l >>> 8) | (h << 24)) ^ (NVME_LOW[index] ?? 0)
        h = (h >>> 8) ^ (NVME_HIGH[index] ?? 0)
      }
      ;[high, low] = [h, l]
    },
    digest: () => Buffer.concat([uint32((high ^ 0xffffffff) >>> 0), uint32((low ^ 0xffffffff) >>> 0)]),
  }
}

function table32(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1
    return value >>> 0
  })
}

function table64(polynomial: bigint): [Uint32Array, Uint32Array] {
  const values = Array.from({ length: 256 }, (_, index) => {
    let value = BigInt(index)
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n
    return value
  })
  return [
    Uint32Array.from(values, (value) => Number(value >> 32n)),
    Uint32Array.from(values, (value) => Number(value & 0xffffffffn)),
  ]
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
