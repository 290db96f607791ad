import { join, normalize, sep } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { BackendError } from '../src/port/errors.ts'
import { checkKey, checkPrefix } from '../src/port/key.ts'

function problemOf(work: () => void): BackendError | null {
  try {
    work()
    return null
  } catch (error) {
    if (BackendError.is(error)) return error
    throw error
  }
}

test.each([
  'a',
  'source=x/bucket=482000/part-1of3-0123456789abcdef.parquet',
  "files/My model (v2), final!'s.bin",
  'data/hotkey=5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY/manifest.json',
  '..a/.hidden/a..b',
])('%s is a key', (key) => expect(problemOf(() => checkKey(key))).toBeNull())

test.each(['', '/', '.', '..', 'a/..', 'a/./b', ' a', 'a ', 'a/ b', 'a%2e', 'a:b', 'a\u007f', 'é', 'x'.repeat(256)])(
  '%j is none',
  (key) => expect(problemOf(() => checkKey(key))?.code).toBe('BAD_KEY'),
)

test('an accepted key stays below the root and is its own normal form; a refusal is printable', () => {
  const segment = fc.oneof(
    fc.constantFrom('.', '..', '', 'a', '...', 'a=b'),
    fc.string({ unit: 'binary', maxLength: 6 }),
  )
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
      const key = segments.join('/')
      const problem = problemOf(() => checkKey(key))
      if (problem !== null) {
        expect(problem.message).toMatch(/^[\x20-\x7e…]*$/)
        return
      }
      expect(join('/root', key).startsWith(`/root${sep}`)).toBe(true)
      expect(normalize(key)).toBe(key)
      expect(new URL(`http://host/${encodeURI(key)}`).pathname).toBe(`/${encodeURI(key)}`)
    }),
    { numRuns: 2000 },
  )
})

test('a prefix is empty, a folder or the beginning of a name', () => {
  for (const prefix of ['', 'a', 'a/', 'a/b=']) expect(problemOf(() => checkPrefix(prefix))).toBeNull()
  for (const prefix of ['/', '../', 'a//', '\n']) expect(problemOf(() => checkPrefix(prefix))?.code).toBe('BAD_KEY')
})
