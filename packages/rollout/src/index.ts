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
