import { hexToU8a, u8aToHex } from '@polkadot/util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compact, decode, encode, u64, vec, byteVec } from '../src/codec/codec.ts'
import { epochIndex } from '../src/block/dispatch.ts'
import { decodeExtrinsic, eraBirth } from '../src/block/extrinsic.ts'
import { createRuntime } from '../src/pallets/create-runtime.ts'
import { createSource, DecodeError, readCompact, writeCompact } from '../src/codec/scale.ts'
import { createState } from '../src/block/state.ts'

const runtime = createRuntime('current')

describe('compact integers', () => {
  // Examples of the SCALE specification.
  test.each([
    [0n, '0x00'],
    [1n, '0x04'],
    [42n, '0xa8'],
    [69n, '0x1501'],
    [65_535n, '0xfeff0300'],
    [1_000_000_000n, '0x02286bee'],
    [100_000_000_000_000n, '0x0b00407a10f35a'],
  ])('%s', (value, hex) => {
    const out: number[] = []
    writeCompact(value, out)
    expect(u8aToHex(Uint8Array.from(out))).toBe(hex)
    expect(readCompact(createSource(hexToU8a(hex)))).toBe(value)
  })
  test('come back as they were', () => {
    const codec = compact(u64)
    fc.assert(fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => decode(codec, encode(codec, value)) === value))
  })
})

describe('untrusted bytes', () => {
  test('random bytes give an extrinsic or a DecodeError, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeExtrinsic(runtime, bytes)
          return true
        } catch (error) {
          return error instanceof DecodeError || error instanceof RangeError
        }
      }),
      { numRuns: 2000 },
    )
  })
  test('a length that promises more than there is does not allocate it', () => {
    const huge = hexToU8a('0x03ffffffff')
    expect(() => decode(vec(u64), huge)).toThrow(DecodeError)
    expect(() => decode(byteVec(), huge)).toThrow(DecodeError)
  })
  test('every field of a commitment comes back bit for bit', () => {
    const field = fc.oneof(
      fc.uint8Array({ maxLength: 128 }).map((bytes) => ({ type: `Raw${bytes.length}`, values: [bytes] })),
      fc.uint8Array({ maxLength: 512 }).map((bytes) => ({ type: 'BigRaw', values: [bytes] })),
      fc.constant({ type: 'None', values: [] }),
      fc.constant({ type: 'ResetBondsFlag', values: [] }),
    )
    const { codec } = runtime.commitments.commitmentOf
    fc.assert(
      fc.property(fc.array(field, { maxLength: 3 }), fc.nat(2 ** 31), (fields, block) => {
        const value = { deposit: 0n, block, info: { fields } }
        expect(decode(codec, encode(codec, value))).toEqual(value)
      }),
    )
  })
})

test('the birth of an era is the last block with its phase (sp_runtime generic::Era)', () => {
  expect(eraBirth({ kind: 'immortal' }, 99)).toBe(0)
  expect(eraBirth({ kind: 'mortal', period: 64, phase: 42 }, 42)).toBe(42)
  expect(eraBirth({ kind: 'mortal', period: 64, phase: 42 }, 105)).toBe(42)
  expect(eraBirth({ kind: 'mortal', period: 64, phase: 42 }, 106)).toBe(106)
})

test('the epoch index counts (block + netuid + 1) / (tempo + 1)', () => {
  expect(epochIndex(346, 13, 360)).toBe(0n)
  expect(epochIndex(347, 13, 360)).toBe(1n)
})

test('state keeps every version over many blocks, deletions too', () => {
  const key = (index: number): string => `0x${index.toString(16).padStart(4, '0')}`
  let state = createState(null, new Map([[key(0), Uint8Array.of(0)]]))
  const versions = [state]
  for (let block = 1; block < 300; block += 1) {
    state = createState(
      state,
      new Map([
        [key(block), Uint8Array.of(block & 255)],
        [key(block - 1), null],
      ]),
    )
    versions.push(state)
  }
  versions.forEach((version, block) => {
    expect(version.keys('0x')).toEqual([key(block)])
    expect(version.raw(key(block))).toEqual(Uint8Array.of(block & 255))
    expect(version.raw(key(block + 1))).toBeNull()
  })
})
