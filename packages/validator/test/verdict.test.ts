import { describe, expect, test } from 'vitest'
import { combine, type Verdict } from '../src/check/verdict.ts'

const verdicts = ['valid', 'absent', 'corrupt', 'unreachable'] as const

/** Rows: S3; columns: HuggingFace, in the order above. `!` marks a conflict. */
const beforeSunset = [
  ['valid', 'valid', 'valid!', 'valid'],
  ['valid', 'absent', 'corrupt!', 'unknown'],
  ['valid!', 'corrupt!', 'corrupt!', 'unknown!'],
  ['valid', 'unknown', 'unknown!', 'unknown'],
]
const afterSunset = [
  ['valid', 'valid', 'valid!', 'valid'],
  ['absent', 'absent', 'absent!', 'absent'],
  ['corrupt!', 'corrupt!', 'corrupt!', 'corrupt!'],
  ['unknown', 'unknown', 'unknown!', 'unknown'],
]

describe.each([
  ['before the sunset', true, beforeSunset],
  ['after the sunset', false, afterSunset],
])('%s', (_, counts, table) => {
  const cases = verdicts.flatMap((s3, row) =>
    verdicts.map((hf, column): [Verdict, Verdict, string] => [s3, hf, table[row]?.[column] ?? '']),
  )
  test.each(cases)('S3 %s and HuggingFace %s: %s', (s3, hf, expected) => {
    const { verdict, conflict } = combine(s3, hf, counts)
    expect(verdict + (conflict ? '!' : '')).toBe(expected)
  })
})
