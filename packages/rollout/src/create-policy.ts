import { RolloutError } from './errors.ts'
import type { Policy } from './policy.ts'
import { readStorage, s3Warning, type PolicyInput } from './policy-schema.ts'

/**
 * A whole policy from its parts. Defaults: HuggingFace only, 0 %, mode `fallback`, cohort `sha256-bp` without salt,
 * region us-east-1. `useS3` without bucket or auth endpoint becomes false (ask {@link policyWarnings} for the sentence).
 * @throws RolloutError `BAD_POLICY` naming the field
 */
export const createPolicy = (partial: PolicyInput): Policy => {
  const reading = readStorage({
    use_s3: partial.useS3,
    use_huggingface: partial.useHuggingFace,
    mode: partial.mode,
    s3: {
      bucket_name: partial.s3?.bucketName,
      auth_endpoint: partial.s3?.authEndpoint,
      region: partial.s3?.region,
      endpoint: partial.s3?.endpoint,
    },
    rollout_percentage: partial.rolloutPercentage,
    cohort: partial.cohort ?? 'sha256-bp',
    salt: partial.salt,
    schedule: partial.schedule,
    include: partial.include,
    exclude: partial.exclude,
    guard: partial.guard,
    hf_sunset_block: partial.hfSunsetBlock,
  })
  if (!reading.ok) throw new RolloutError('BAD_POLICY', `The policy is not valid. ${reading.problem}.`)
  return reading.policy
}

/** Plain sentences about what {@link createPolicy} switches off in this input. */
export const policyWarnings = (partial: PolicyInput): readonly string[] => {
  const warning = s3Warning(partial.useS3 ?? false, partial.s3?.bucketName ?? null, partial.s3?.authEndpoint ?? null)
  return warning === null ? [] : [warning]
}

/** What holds when nobody decided anything: HuggingFace only, 0 %. */
export const defaultPolicy: Policy = createPolicy({})
