import { createPolicy, type Plan } from '@sluice/rollout'
import { describe, expect, it } from 'vitest'
import { overridePlan } from '../src/policy/override.ts'
import { policyFromEnvironment } from '../src/policy/policy-environment.ts'
import { s3Policy } from './miner.ts'

const drawn = { because: 'slot', threshold: 50, percentage: 50, block: 7 } as const
const outside: Plan = { ...drawn, required: ['huggingface'], inCohort: false, slot: 99, reason: 'Outside.' }
const inside: Plan = { ...drawn, required: ['s3'], standIn: 'huggingface', inCohort: true, slot: 0, reason: 'In.' }
const policy = createPolicy(s3Policy(50))
const dual = createPolicy(s3Policy(50, { mode: 'dual' }))

describe('overridePlan', () => {
  it.each([
    ['nothing set', outside, policy, {}, ['huggingface'], undefined],
    ['S3 on outside the cohort', outside, policy, { forceS3: true }, ['s3'], 'huggingface'],
    ['S3 on outside the cohort, dual', outside, dual, { forceS3: true }, ['s3', 'huggingface'], undefined],
    ['S3 off inside', inside, policy, { forceS3: false }, ['huggingface'], undefined],
    ['HuggingFace on inside', inside, policy, { forceHuggingFace: true }, ['s3', 'huggingface'], undefined],
    ['HuggingFace off inside: not even as stand-in', inside, policy, { forceHuggingFace: false }, ['s3'], undefined],
    ['both on', outside, policy, { forceS3: true, forceHuggingFace: true }, ['s3', 'huggingface'], undefined],
  ] as const)('%s', (_name, plan, from, overrides, required, standIn) => {
    const result = overridePlan(plan, from, overrides)
    expect(result.required).toEqual(required)
    expect(result.standIn).toBe(standIn)
    expect([result.inCohort, result.slot, result.block]).toEqual([plan.inCohort, plan.slot, plan.block])
  })

  it('refuses to leave nothing', () => {
    const off = { forceS3: false, forceHuggingFace: false }
    expect(() => overridePlan(inside, policy, off)).toThrow(/S3 off, HuggingFace off.*block 7/)
  })
})

describe('policyFromEnvironment', () => {
  it('is nothing without variables, empty ones do not count', () => {
    expect(policyFromEnvironment({ PATH: '/bin', SLUICE_USE_S3: ' ' })).toBeNull()
  })

  it('prefers our names to those of the originals; a missing percentage is 0', () => {
    const found = policyFromEnvironment({
      SLUICE_USE_S3: 'yes',
      DATA_UNIVERSE_USE_S3: 'false',
      DATA_UNIVERSE_USE_HF: '0',
      DATA_UNIVERSE_S3_BUCKET: 'theirs',
      DATA_UNIVERSE_AUTH_ENDPOINT: 'https://auth.example.com',
      DATA_UNIVERSE_S3_REGION: 'eu-west-2',
      SLUICE_S3_ENDPOINT: 'https://s3.example.com',
    })
    expect(found).toMatchObject({ origin: 'environment', block: 0 })
    expect(found?.policy).toMatchObject({
      useS3: true,
      useHuggingFace: false,
      rolloutPercentage: 0,
      cohort: 'md5-mod100',
    })
    expect(found?.policy.s3).toMatchObject({ bucketName: 'theirs', region: 'eu-west-2' })
  })

  it.each([
    [{ SLUICE_USE_S3: 'perhaps' }, 'SLUICE_USE_S3 must be true or false'],
    [{ SLUICE_ROLLOUT_PERCENTAGE: 'all' }, 'SLUICE_ROLLOUT_PERCENTAGE must be 0 to 100'],
    [{ SLUICE_ROLLOUT_PERCENTAGE: '101' }, 'not usable'],
  ])('uses nothing of values that make no sense: %o', (environment, told) => {
    const found = policyFromEnvironment(environment)
    expect(found).toMatchObject({ origin: 'default', policy: { useS3: false, useHuggingFace: true } })
    expect(found?.warnings.join()).toContain(told)
  })
})
