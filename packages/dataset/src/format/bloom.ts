/** Share of absent values that a filter of full size lets pass. */
const FALSE_POSITIVES = 0.01
const SALT = Uint32Array.of(
  0x47b6137b,
  0x44974d91,
  0x8824ad5b,
  0xa2b7289d,
  0x705495c7,
  0x2df1424b,
  0x9efc4947,
  0x5c6bfb31,
)

/**
 * Parquet's split block bloom filter (https://github.com/apache/parquet-format/blob/master/BloomFilter.md) over
 * digests of 16 bytes, one behind the other and sorted.
 */
export function bloomOf(digests: Buffer): Uint8Array {
  let distinct = 0
  for (let at = 0; at < digests.length; at += 16) if (isFirst(digests, at)) distinct += 1
  const bits = (-8 * distinct) / Math.log(1 - FALSE_POSITIVES ** (1 / 8))
  const blocks = 2 ** Math.max(0, Math.ceil(Math.log2(bits / 256)))
  const filter = Buffer.alloc(blocks * 32)
  for (let at = 0; at < digests.length; at += 16) if (isFirst(digests, at)) insert(filter, blocks, digests, at)
  return filter
}

function isFirst(digests: Buffer, at: number): boolean {
  return at === 0 || digests.compare(digests, at - 16, at, at, at + 16) !== 0
}

function insert(filter: Buffer, blocks: number, digests: Buffer, at: number): void {
  xxh64(digests, at)
  const block = Math.floor((high * blocks) / 2 ** 32) * 32
  for (let word = 0; word < 8; word += 1) {
    const bit = Math.imul(low, SALT[word]!) >>> 27
    filter[block + word * 4 + (bit >> 3)]! |= 1 << (bit & 7)
  }
}

// The hash as two halves of 32 bits; bigints would cost more than all the rest of a row.
let high = 0
let low = 0

/** XXH64 with seed 0 of 16 bytes (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), into `high`, `low`. */
function xxh64(bytes: Buffer, at: number): void {
  let hashHigh = 0x27d4eb2f // prime 5 + 16
  let hashLow = 0x165667c5 + 16
  for (let lane = at; lane < at + 16; lane += 8) {
    multiply(bytes.readUInt32LE(lane + 4), bytes.readUInt32LE(lane), 0xc2b2ae3d, 0x27d4eb4f)
    rotate(31)
    multiply(high, low, 0x9e3779b1, 0x85ebca87)
    high = (high ^ hashHigh) >>> 0
    low = (low ^ hashLow) >>> 0
    rotate(27)
    multiply(high, low, 0x9e3779b1, 0x85ebca87)
    const sum = low + 0xc2b2ae63
    hashLow = sum >>> 0
    hashHigh = (high + 0x85ebca77 + (sum > 0xffff_ffff ? 1 : 0)) >>> 0
  }
  multiply(hashHigh, (hashLow ^ (hashHigh >>> 1)) >>> 0, 0xc2b2ae3d, 0x27d4eb4f)
  low = (low ^ ((low >>> 29) | (high << 3))) >>> 0
  high = (high ^ (high >>> 29)) >>> 0
  multiply(high, low, 0x165667b1, 0x9e3779f9)
  low = (low ^ high) >>> 0
}

function rotate(bits: number): void {
  const up = ((high << bits) | (low >>> (32 - bits))) >>> 0
  low = ((low << bits) | (high >>> (32 - bits))) >>> 0
  high = up
}

function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const small = (aLow & 0xffff) * (bLow & 0xffff)
  const middle = (aLow & 0xffff) * (bLow >>> 16) + (aLow >>> 16) * (bLow & 0xffff) + Math.floor(small / 65536)
  const large = (aLow >>> 16) * (bLow >>> 16) + Math.floor(middle / 65536)
  low = (((middle & 0xffff) << 16) | (small & 0xffff)) >>> 0
  high = (large + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) >>> 0
}
