import { describe, expect, test } from 'vitest'
import { adoptedKey, ownKey, ownPrefix } from '../src/keys.ts'
import { defaultLimits } from '../src/limits.ts'
import { planParts, requirePart } from '../src/part-limits.ts'
import type { Session } from '../src/state/state.ts'

const MiB = 1024 * 1024
const address = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
const prefix = `data/hotkey=${address}/`

describe('a part of a known size', () => {
  const session = { bytes: 12 * MiB, partSize: 5 * MiB, maxParts: 3 } as Session

  test.each([
    [1, 5 * MiB],
    [2, 5 * MiB],
    [3, 2 * MiB],
  ])('%i has exactly %i bytes, neither one more nor one less', (part, bytes) => {
    expect(() => requirePart(session, part, bytes)).not.toThrow()
    for (const wrong of [bytes - 1, bytes + 1, 0]) {
      expect(() => requirePart(session, part, wrong)).toThrow(`Part ${part} has exactly ${bytes} bytes.`)
    }
  })

  test('beyond the last is refused', () => {
    expect(() => requirePart(session, 4, 1)).toThrow('This upload has parts 1 to 3.')
  })
})

test('a part of an upload of unknown size takes up to the part size', () => {
  const session = { bytes: null, partSize: 5 * MiB, maxParts: 100 } as Session
  for (const bytes of [1, 5 * MiB]) expect(() => requirePart(session, 100, bytes)).not.toThrow()
  expect(() => requirePart(session, 100, 5 * MiB + 1)).toThrow('at most 5242880 bytes')
})

test('the limits of a plan are met to the byte', () => {
  const { maxParts, minPartBytes, maxPartBytes } = defaultLimits
  expect(planParts(maxParts * minPartBytes, minPartBytes, defaultLimits)).toBe(10_000)
  expect(() => planParts(maxParts * minPartBytes + 1, minPartBytes, defaultLimits)).toThrow('10001 parts')
  expect(() => planParts(minPartBytes, minPartBytes - 1, defaultLimits)).toThrow('at least 5242880 bytes')
  expect(planParts(minPartBytes - 1, minPartBytes - 1, defaultLimits)).toBe(1)
  expect(planParts(maxPartBytes, maxPartBytes, defaultLimits)).toBe(1)
  expect(() => planParts(maxPartBytes, maxPartBytes + 1, defaultLimits)).toThrow('at most 5368709120 bytes')
})

describe('the length of a key', () => {
  /** So many characters in segments of 100. */
  const keyOf = (length: number): string =>
    'a/'
      .padStart(100, 'a')
      .repeat(10)
      .slice(0, length - 1) + 'z'

  test('is at most 960 characters, so that the whole key fits into the 1,024 bytes of S3', () => {
    const longest = keyOf(960)
    expect(ownKey(address, longest)).toBe(prefix + longest)
    expect(Buffer.byteLength(ownKey(address, longest))).toBeLessThanOrEqual(1024)
    expect(ownPrefix(address, longest)).toBe(prefix + longest)
    expect(adoptedKey(address, prefix + longest)).toBe(prefix + longest)
    for (const of of [ownKey, ownPrefix, adoptedKey]) {
      expect(() => of(address, keyOf(961))).toThrow('longer than 960 characters')
    }
  })

  test('of one segment is at most 255', () => {
    expect(ownKey(address, 'a'.repeat(255))).toBe(prefix + 'a'.repeat(255))
    expect(() => ownKey(address, 'a'.repeat(256))).toThrow('a segment of more than 255 characters')
  })
})
