import { describe, expect, it } from 'vitest'
import {
  createPolicy,
  decide,
  diffPolicies,
  effectivePercentage,
  RolloutError,
  type PolicyInput,
} from '../src/index.ts'
import { people } from './people.ts'

const s3 = { bucketName: 'data-universe-subnet', authEndpoint: 'https://gateway.example.org/auth' }
const plan = (input: PolicyInput, hotkey: string = people.alice, block = 100): ReturnType<typeof decide> =>
  decide(createPolicy({ useS3: true, s3, ...input }), 13, hotkey, block)

describe('decide', () => {
  it('keeps those outside on HuggingFace', () => {
    expect(plan({ rolloutPercentage: 25 })).toEqual({
      required: ['huggingface'],
      inCohort: false,
      because: 'slot',
      slot: 4269,
      threshold: 2500,
      percentage: 25,
      block: 100,
      reason: 'HuggingFace, outside the S3 cohort: slot 4269 of 10000 is not below 2500 (25 %, sha256-bp).',
    })
  })

  it('fallback: S3, HuggingFace stands in', () => {
    expect(plan({ rolloutPercentage: 50 })).toMatchObject({
      required: ['s3'],
      standIn: 'huggingface',
      inCohort: true,
      reason: expect.stringContaining('slot 4269 of 10000 is below 5000 (50 %, sha256-bp)') as string,
    })
  })

  it.each(['dual', 'shadow'] as const)('%s: both', (mode) => {
    const both = plan({ rolloutPercentage: 100, mode })
    expect(both.required).toEqual(['s3', 'huggingface'])
    expect(both.standIn).toBeUndefined()
    expect(both.reason).toContain(mode === 'dual' ? 'S3 decides' : 'HuggingFace decides')
  })

  it('HuggingFace off: S3 alone, in or out', () => {
    expect(plan({ useHuggingFace: false, rolloutPercentage: 100 })).toMatchObject({ required: ['s3'], inCohort: true })
    expect(plan({ useHuggingFace: false })).toMatchObject({ required: ['s3'], inCohort: false })
  })

  it('S3 off: HuggingFace for everybody', () => {
    expect(plan({ useS3: false, rolloutPercentage: 100 })).toMatchObject({ required: ['huggingface'] })
  })

  it('takes S3 for off in a hand-made policy without bucket', () => {
    const policy = { ...createPolicy({ rolloutPercentage: 100 }), useS3: true }
    expect(decide(policy, 13, people.alice, 1).required).toEqual(['huggingface'])
  })

  it('names policy and block when both are off', () => {
    const both = (): unknown => plan({ useS3: false, useHuggingFace: false })
    expect(both).toThrow(RolloutError)
    expect(both).toThrow(/subnet 13 at block 100 switches off both/)
  })

  it('says why for those named by the owner', () => {
    expect(plan({ include: [people.alice] }).reason).toContain('included this hotkey by name')
    expect(plan({ rolloutPercentage: 100, exclude: [people.alice] }).reason).toContain('excluded this hotkey by name')
  })

  it('tells of the sunset from its block on', () => {
    const at = (block: number): string => plan({ hfSunsetBlock: 100 }, people.alice, block).reason
    expect(at(99)).not.toContain('no longer counts')
    expect(at(100)).toContain('since block 100 HuggingFace alone no longer counts')
  })
})

describe('schedule', () => {
  const policy = createPolicy({
    rolloutPercentage: 1,
    schedule: [
      [100, 5],
      [200, 25],
      [300, 0],
    ],
  })
  it.each([
    [0, 1],
    [99, 1],
    [100, 5],
    [199, 5],
    [200, 25],
    [299, 25],
    [300, 0],
    [1e9, 0],
  ])('block %i: %i %%', (block, percentage) => {
    expect(effectivePercentage(policy, block)).toBe(percentage)
  })

  it('moves the cohort without a new policy', () => {
    const steps = { rolloutPercentage: 0, schedule: [[200, 50]] as const }
    expect(plan(steps, people.alice, 199).inCohort).toBe(false)
    expect(plan(steps, people.alice, 200).inCohort).toBe(true)
  })
})

describe('diffPolicies', () => {
  it('lists what changes, and nothing else', () => {
    const before = createPolicy({ useS3: true, s3, rolloutPercentage: 5 })
    const after = createPolicy({
      useS3: true,
      s3: { ...s3, endpoint: 'https://s3.example.org' },
      rolloutPercentage: 25,
      schedule: [[7, 50]],
      include: [people.bob],
      guard: people.eve,
      hfSunsetBlock: 9,
    })
    expect(diffPolicies(before, after)).toEqual([
      { field: 's3.endpoint', before: '-', after: 'https://s3.example.org' },
      { field: 'rollout_percentage', before: '5 %', after: '25 %' },
      { field: 'schedule', before: '-', after: 'block 7: 50 %' },
      { field: 'include', before: '-', after: people.bob },
      { field: 'guard', before: '-', after: people.eve },
      { field: 'hf_sunset_block', before: '-', after: '9' },
    ])
    expect(diffPolicies(before, before)).toEqual([])
  })

  it('starts from nothing', () => {
    const fields = diffPolicies(null, createPolicy({ salt: 'x' })).map((change) => change.field)
    expect(fields).toEqual(['use_s3', 'use_huggingface', 'mode', 's3.region', 'rollout_percentage', 'cohort', 'salt'])
  })
})
