import type { ManifestFile } from '@sluice/dataset'
import { expect, test } from 'vitest'
import { pickSamples } from '../src/check/sample.ts'

const files = [10, 20, 30, 1000].map((bytes): ManifestFile => {
  return { path: `files/${bytes}`, bytes, sha256: '0'.repeat(64), rows: null, source: null, hour: null }
})
const sizes = (picked: readonly ManifestFile[]): number[] => picked.map(({ bytes }) => bytes)

test('picks distinct files, none above the limit, as many as there are', () => {
  expect(sizes(pickSamples(files, 2, 100, () => 0))).toEqual([10, 20])
  expect(sizes(pickSamples(files, 2, 100, () => 0.999))).toEqual([30, 20])
  expect(sizes(pickSamples(files, 9, 100, () => 0))).toEqual([10, 20, 30])
  expect(pickSamples(files, 0, 100, () => 0)).toEqual([])
  expect(pickSamples([], 3, 100, () => 0)).toEqual([])
})

test('a fraction is a chance', () => {
  expect(pickSamples(files, 0.25, 100, () => 0.24)).toHaveLength(1)
  expect(pickSamples(files, 0.25, 100, () => 0.25)).toHaveLength(0)
  expect(pickSamples(files, 1.5, 100, () => 0.49)).toHaveLength(2)
})
