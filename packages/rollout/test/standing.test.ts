import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPolicy, decide, type PolicyInput, standingOf } from '../src/index.ts'
import { hotkeys, percentages } from './arbitraries.ts'
import { people } from './people.ts'

const s3 = { bucketName: 'data-universe-subnet', authEndpoint: 'https://gateway.example.org/auth' }
const under = (input: PolicyInput): ReturnType<typeof standingOf> =>
  standingOf(createPolicy({ s3, ...input }), 13, people.alice, 100)

describe('standingOf', () => {
  it('requires nothing in a subnet without a policy', () => {
    expect(standingOf(null, 13, people.alice, 7)).toEqual({
      required: [],
      inCohort: false,
      because: null,
      reason: 'The owner of subnet 13 has published no storage policy.',
      block: 7,
    })
  })

  it('requires nothing under a policy that leaves no place, and still says who is in', () => {
    const off = { useS3: false, useHuggingFace: false }
    expect(under({ ...off, rolloutPercentage: 50 })).toMatchObject({
      required: [],
      inCohort: true,
      because: 'slot',
      reason: expect.stringContaining('subnet 13 at block 100 switches off both') as string,
    })
    expect(under({ ...off, exclude: [people.alice] })).toMatchObject({ inCohort: false, because: 'excluded' })
  })

  it('tells those named by the owner from those drawn', () => {
    expect(under({ useS3: true, include: [people.alice] })).toMatchObject({ required: ['s3'], because: 'included' })
    expect(under({ useS3: true })).toMatchObject({ required: ['huggingface'], because: 'slot' })
  })

  it('is what decide says wherever decide says anything', () => {
    fc.assert(
      fc.property(hotkeys, percentages, fc.boolean(), fc.boolean(), (key, rolloutPercentage, useS3, useHuggingFace) => {
        const policy = createPolicy({ s3, useS3, useHuggingFace, rolloutPercentage })
        const standing = standingOf(policy, 13, key, 100)
        if (useS3 || useHuggingFace) expect(standing).toEqual(decide(policy, 13, key, 100))
        else expect(() => decide(policy, 13, key, 100)).toThrow(standing.reason)
      }),
    )
  })

  it('does not take what is no hotkey for somebody outside', () => {
    expect(() => standingOf(createPolicy({}), 13, 'nobody', 1)).toThrow(expect.objectContaining({ code: 'BAD_HOTKEY' }))
  })
})
