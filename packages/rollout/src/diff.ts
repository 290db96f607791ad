import type { Policy } from './policy.ts'

/** One line of a difference; texts for people, `-` = not set. */
export interface PolicyChange {
  /** Name of the field as in the JSON layout. */
  readonly field: string
  readonly before: string
  readonly after: string
}

const UNSET = '-'
const list = (items: readonly string[]): string => (items.length === 0 ? UNSET : items.join(', '))

const lines = (policy: Policy): readonly (readonly [field: string, text: string])[] => [
  ['use_s3', String(policy.useS3)],
  ['use_huggingface', String(policy.useHuggingFace)],
  ['mode', policy.mode],
  ['s3.bucket_name', policy.s3.bucketName ?? UNSET],
  ['s3.auth_endpoint', policy.s3.authEndpoint ?? UNSET],
  ['s3.region', policy.s3.region],
  ['s3.endpoint', policy.s3.endpoint ?? UNSET],
  ['rollout_percentage', `${policy.rolloutPercentage} %`],
  ['cohort', policy.cohort],
  ['salt', policy.salt === '' ? UNSET : policy.salt],
  ['schedule', list(policy.schedule.map(([block, percentage]) => `block ${block}: ${percentage} %`))],
  ['include', list(policy.include)],
  ['exclude', list(policy.exclude)],
  ['guard', policy.guard ?? UNSET],
  ['hf_sunset_block', policy.hfSunsetBlock === null ? UNSET : String(policy.hfSunsetBlock)],
]

/** The fields that change, in the order of the JSON layout; with `before` null every field that is set. */
export const diffPolicies = (before: Policy | null, after: Policy): readonly PolicyChange[] => {
  const old = new Map(before === null ? [] : lines(before))
  return lines(after)
    .map(([field, text]) => ({ field, before: old.get(field) ?? UNSET, after: text }))
    .filter((change) => change.before !== change.after)
}
