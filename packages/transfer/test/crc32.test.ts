import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32FromBase64, crc32ToBase64, joinCrc32 } from '../src/source/crc32.ts'
import { createWasmHashing } from '../src/index.ts'
import { createNodeHashing } from '../src/node/index.ts'

test('the check value of CRC-32', () => {
  // "123456789" gives cbf43926 (Rocksoft catalogue, CRC-32/ISO-HDLC); S3 writes it as y/Q5Jg==.
  expect(crc32ToBase64(0xcbf43926)).toBe('y/Q5Jg==')
  expect(crc32FromBase64('y/Q5Jg==')).toBe(0xcbf43926)
})
test('what is no base64 of four bytes is refused', () => {
  for (const text of ['', 'y/Q5Jg=', 'y/Q5Jg==-2', 'y/Q5Jx==', 'y/Q5J*==']) expect(crc32FromBase64(text)).toBeNull()
})
test('joining the values of two pieces gives the value of both', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.uint8Array({ maxLength: 3000 }), (first, second) => {
      const joined = joinCrc32(crc32(first), crc32(second), second.length)
      expect(joined).toBe(crc32(Buffer.concat([first, second])))
    }),
  )
})
test('a long second piece: a byte, then 5 GiB of zeroes, in steps that zlib can do', () => {
  // Joining is associative, so 5 GiB can be built by doubling from 1 MiB.
  const zeroes = crc32(new Uint8Array(1 << 20))
  let value = zeroes
  let bytes = 1 << 20
  while (bytes < 4 * 2 ** 30) {
    value = joinCrc32(value, value, bytes)
    bytes *= 2
  }
  const byParts = joinCrc32(joinCrc32(crc32('a'), value, bytes), zeroes, 1 << 20)
  const atOnce = joinCrc32(crc32('a'), joinCrc32(value, zeroes, 1 << 20), bytes + (1 << 20))
  expect(byParts).toBe(atOnce)
})
test('base64 goes both ways', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (n) => crc32FromBase64(crc32ToBase64(n)) === n))
})
test('the WebAssembly hashes are those of Node, in any pieces and taking turns', async () => {
  const wasm = await createWasmHashing()
  const node = createNodeHashing()
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (pieces) => {
      const sums = [wasm, node].map(({ crc32 }) => pieces.reduce((seed, piece) => crc32(piece, seed), 0))
      expect(sums[0]).toBe(sums[1])
      const hashes = [wasm.sha256(), wasm.md5(), node.sha256(), node.md5()]
      for (const piece of pieces) for (const hash of hashes) hash.update(piece)
      const [sha256, md5, ...own] = hashes.map((hash) => hash.hex())
      expect([sha256, md5]).toEqual(own)
      const whole = new Uint8Array(pieces.flatMap((piece) => [...piece]))
      expect([wasm.sha256Of(whole), node.sha256Of(whole)]).toEqual([sha256, sha256])
    }),
    { numRuns: 30 },
  )
})
