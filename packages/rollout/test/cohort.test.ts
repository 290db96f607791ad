import { addressOf } from '@sluice/hotkey'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cohortSlot, createPolicy, isInCohort, type CohortRule } from '../src/index.ts'
import { hotkeys, percentages } from './arbitraries.ts'
import { people } from './people.ts'

/** Known answers: reference report, recomputed there in Python and Node. */
const md5 = { alice: 29, bob: 0, charlie: 67, dave: 92, eve: 10, ferdie: 99 }
const sha: readonly [netuid: number, salt: string, slots: Record<keyof typeof md5, number>][] = [
  [13, '', { alice: 4269, bob: 1377, charlie: 8982, dave: 3335, eve: 9910, ferdie: 8601 }],
  [13, 's3', { alice: 8943, bob: 654, charlie: 3108, dave: 2961, eve: 7932, ferdie: 2174 }],
  [46, 's3', { alice: 3156, bob: 502, charlie: 2598, dave: 8769, eve: 650, ferdie: 9703 }],
]
const names = Object.keys(md5) as (keyof typeof md5)[]
const rules = fc.constantFrom<CohortRule>('md5-mod100', 'sha256-bp')

describe('known answers', () => {
  it.each(names)('md5-mod100 puts %s where the original does', (name) => {
    expect(cohortSlot(createPolicy({ cohort: 'md5-mod100' }), 13, people[name])).toBe(md5[name])
  })

  it.each(sha)('sha256-bp on subnet %i with salt "%s"', (netuid, salt, slots) => {
    const policy = createPolicy({ salt })
    for (const name of names) expect(cohortSlot(policy, netuid, people[name])).toBe(slots[name])
  })

  it('has the original at its edges: below, not at', () => {
    const at = (percentage: number): boolean =>
      isInCohort(createPolicy({ cohort: 'md5-mod100', rolloutPercentage: percentage }), 13, people.alice, 1)
    expect([at(29), at(29.01), at(30)]).toEqual([false, true, true])
  })

  it('is fine to a basis point', () => {
    const at = (percentage: number): boolean =>
      isInCohort(createPolicy({ rolloutPercentage: percentage }), 13, people.alice, 1)
    expect([at(42.69), at(42.7)]).toEqual([false, true])
  })
})

describe('properties', () => {
  it('raising the percentage never moves anyone out', () => {
    fc.assert(
      fc.property(
        hotkeys,
        rules,
        percentages,
        percentages,
        fc.integer({ min: 0, max: 65_535 }),
        (key, cohort, a, b, netuid) => {
          const at = (rolloutPercentage: number): boolean =>
            isInCohort(createPolicy({ cohort, rolloutPercentage }), netuid, key, 1)
          expect(!at(Math.min(a, b)) || at(Math.max(a, b))).toBe(true)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('0 % is nobody and 100 % is everybody', () => {
    fc.assert(
      fc.property(hotkeys, rules, (key, cohort) => {
        expect(isInCohort(createPolicy({ cohort, rolloutPercentage: 0 }), 13, key, 1)).toBe(false)
        expect(isInCohort(createPolicy({ cohort, rolloutPercentage: 100 }), 13, key, 1)).toBe(true)
      }),
    )
  })

  it('spreads keys evenly', () => {
    const counts = Array.from({ length: 10 }, () => 0)
    const policy = createPolicy({})
    for (let i = 0; i < 20_000; i++) {
      const key = new Uint8Array(32)
      new DataView(key.buffer).setUint32(0, i)
      const decile = Math.floor(cohortSlot(policy, 13, addressOf(key)) / 1000)
      counts[decile] = (counts[decile] ?? 0) + 1
    }
    // Chi-square with 9 degrees of freedom; 27.9 is p = 0.001. The keys are fixed, so the figure is too.
    expect(counts.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0)).toBeLessThan(27.9)
  })
})

describe('lists', () => {
  it('exclude wins over include, include over the slot, whatever the prefix of the address', () => {
    expect(() => createPolicy({ include: ['F7Hs'] })).toThrow(/not a hotkey/)
    const policy = createPolicy({ include: [people.alice, people.bob], exclude: [people.alicePolkadot] })
    expect(isInCohort(policy, 13, people.alice, 1)).toBe(false)
    expect(isInCohort(policy, 13, people.bob, 1)).toBe(true)
    expect(isInCohort(policy, 13, people.charlie, 1)).toBe(false)
  })

  it('compares by public key in a hand-made policy as well', () => {
    const policy = { ...createPolicy({}), include: [people.alicePolkadot] }
    expect(isInCohort(policy, 13, people.alice, 1)).toBe(true)
    expect(isInCohort(policy, 13, people.bob, 1)).toBe(false)
  })

  it('refuses a netuid out of range', () => {
    expect(() => cohortSlot(createPolicy({}), 65_536, people.alice)).toThrow(/Netuid/)
    expect(() => cohortSlot(createPolicy({}), 1.5, people.alice)).toThrow(/Netuid/)
  })
})
