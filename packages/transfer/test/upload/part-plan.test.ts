import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LARGEST_OBJECT, LARGEST_PART, LEAST_PART, MIB, MOST_PARTS, planUpload } from '../../src/upload/part-plan.ts'

const memoryBudget = 64 * MIB
const GIB = 1024 * MIB

test('known plans', () => {
  expect(planUpload({ bytes: 0, memoryBudget })).toEqual({ kind: 'single', bytes: 0 })
  expect(planUpload({ bytes: 13 * MIB, memoryBudget })).toEqual({ kind: 'single', bytes: 13 * MIB })
  expect(planUpload({ bytes: 13 * MIB + 1, memoryBudget })).toEqual({ kind: 'parts', partSize: 13 * MIB, parts: 2 })
  expect(planUpload({ bytes: GIB, memoryBudget })).toEqual({ kind: 'parts', partSize: 13 * MIB, parts: 79 })
  // 13 MiB parts end at 126 GiB.
  expect(planUpload({ bytes: 200 * GIB, memoryBudget })).toEqual({ kind: 'parts', partSize: 21 * MIB, parts: 9753 })
  expect(planUpload({ bytes: LARGEST_OBJECT, memoryBudget })).toEqual({
    kind: 'parts',
    partSize: LARGEST_PART,
    parts: MOST_PARTS,
  })
  expect(planUpload({ bytes: GIB / 4, memoryBudget, isSliced: true })).toMatchObject({ partSize: 16 * MIB, parts: 16 })
  expect(planUpload({ bytes: GIB - 1, memoryBudget, isSliced: true })).toMatchObject({ partSize: 31 * MIB, parts: 34 })
  expect(planUpload({ bytes: GIB, memoryBudget, isSliced: true })).toMatchObject({ partSize: 32 * MIB, parts: 32 })
  expect(planUpload({ bytes: 9 * GIB, memoryBudget, isSliced: true })).toMatchObject({ partSize: 32 * MIB })
  expect(planUpload({ bytes: GIB, memoryBudget: 40 * MIB, isSliced: true })).toMatchObject({ partSize: 20 * MIB })
  expect(planUpload({ bytes: GIB, memoryBudget: 10 * MIB, isSliced: true })).toMatchObject({ partSize: 10 * MIB })
  expect(planUpload({ bytes: null, memoryBudget })).toEqual({ kind: 'parts', partSize: 16 * MIB, parts: null })
})
test('a slow line gets small parts, a fast one does not', () => {
  const plan = { bytes: GIB, memoryBudget }
  expect(planUpload({ ...plan, bytesPerSecond: 100_000 })).toMatchObject({ partSize: LEAST_PART })
  expect(planUpload({ ...plan, bytesPerSecond: 1e9 })).toMatchObject({ partSize: 13 * MIB })
  expect(planUpload({ ...plan, isSliced: true, bytesPerSecond: 100_000 })).toMatchObject({ partSize: LEAST_PART })
})
test('an explicit part size is taken as it is, or refused', () => {
  const odd = LEAST_PART + 1
  expect(planUpload({ bytes: GIB, memoryBudget, partSize: odd })).toMatchObject({ partSize: odd })
  for (const partSize of [LEAST_PART - 1, LARGEST_PART + 1, 6e6 + 0.5, Number.NaN]) {
    expect(() => planUpload({ bytes: GIB, memoryBudget, partSize })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    )
  }
  const tooMany = { bytes: MOST_PARTS * LEAST_PART + 1, memoryBudget, partSize: LEAST_PART }
  expect(() => planUpload(tooMany)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
  expect(() => planUpload({ bytes: null, memoryBudget, partSize: 65 * MIB })).toThrow(/memoryBudget/)
})
test('more than the largest object is refused', () => {
  expect(() => planUpload({ bytes: LARGEST_OBJECT + 1, memoryBudget })).toThrow(/Split it/)
})
test('every plan keeps the limits of S3', () => {
  const sizes = fc.oneof(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: LARGEST_OBJECT }))
  const budgets = fc.integer({ min: 2 * LEAST_PART, max: 4 * GIB })
  const lines = fc.option(fc.integer({ min: 1, max: 1e10 }))
  fc.assert(
    fc.property(sizes, budgets, lines, (bytes, memoryBudget, bytesPerSecond) => {
      const plan = planUpload({ bytes, memoryBudget, bytesPerSecond })
      if (plan.kind === 'single') {
        expect(plan.bytes).toBeLessThanOrEqual(memoryBudget / 2)
        return
      }
      const { partSize, parts } = plan
      expect(partSize).toBeGreaterThanOrEqual(LEAST_PART)
      expect(partSize).toBeLessThanOrEqual(LARGEST_PART)
      expect(parts).toBeLessThanOrEqual(MOST_PARTS)
      expect(((parts ?? 0) - 1) * partSize).toBeLessThan(bytes)
      expect((parts ?? 0) * partSize).toBeGreaterThanOrEqual(bytes)
    }),
  )
})
