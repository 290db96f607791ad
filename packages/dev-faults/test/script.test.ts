import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WireFaultKind, WireScript } from '../src/faults.ts'
import { createFaultScript } from '../src/script.ts'

const run = (script: WireScript, requests: number, method = 'PUT'): (WireFaultKind | null)[] =>
  Array.from({ length: requests }, (_, number) => script({ number, method, target: '/' }))

test('the same seed gives the same script, another seed another', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      expect(run(createFaultScript(seed), 200)).toEqual(run(createFaultScript(seed), 200))
      expect(run(createFaultScript(seed), 200)).not.toEqual(run(createFaultScript(seed + 1), 200))
    }),
  )
})

test('share and count are kept, and all is well in the end', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 40 }), (seed, most) => {
      const hits = run(createFaultScript(seed, { share: 0.5, most }), 2000)
      expect(hits.filter((kind) => kind !== null)).toHaveLength(most)
      expect(hits.slice(-500).every((kind) => kind === null)).toBe(true)
    }),
  )
  expect(run(createFaultScript(1, { share: 0 }), 100).every((kind) => kind === null)).toBe(true)
})

test('200 with an error hits POST only, and hanging can be left out', () => {
  const hanging = new Set(['stall', 'mute', 'stallRequestAfter', 'stallReplyAfter'])
  const names = (script: WireScript, method: string): Set<string> =>
    new Set(
      run(script, 5000, method)
        .filter((kind) => kind !== null)
        .map((kind) => (typeof kind === 'string' ? kind : Object.keys(kind)[0]!)),
    )
  const put = names(createFaultScript(3, { share: 1, most: 5000 }), 'PUT')
  const post = names(createFaultScript(3, { share: 1, most: 5000 }), 'POST')
  const calm = names(createFaultScript(3, { share: 1, most: 5000, stalls: false }), 'PUT')
  expect([...hanging].every((name) => put.has(name) && !calm.has(name))).toBe(true)
  expect([put.has('error-in-200'), post.has('error-in-200'), put.has('wrong-etag')]).toEqual([false, true, true])
})
