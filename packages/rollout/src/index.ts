export { bucketCount, cohortBucket, isInCohort, membership, type Membership } from './cohort.ts'
export type { CommitmentField, CommitmentLimits, EncodedCommitment } from './commitment.ts'
export { createPolicy, defaultPolicy, policyWarnings } from './create-policy.ts'
export { decide } from './decide.ts'
export { decodePointer, decodePolicy } from './decode.ts'
export { diffPolicies, type PolicyChange } from './diff.ts'
export { encodePointer, encodePolicy } from './encode.ts'
export { RolloutError, type RolloutErrorCode } from './errors.ts'
export type {
  BackendName,
  CohortRule,
  Plan,
  Policy,
  PolicyOrigin,
  PolicyS3,
  PolicySnapshot,
  RolloutMode,
} from './policy.ts'
export { splitEndpoints } from './text-rules.ts'
export { policyToJson, readPolicyJson, type PolicyDecoding } from './policy-json.ts'
export type { PolicyInput } from './policy-schema.ts'
export { effectivePercentage } from './schedule.ts'
export { addressOf, publicKeyOf } from './ss58.ts'
