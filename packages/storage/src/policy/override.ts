import { type BackendName, backendNames, type Plan, type Policy } from '@sluice/rollout'
import { StorageError } from '../errors.ts'

/** The miner's own will over the policy; undefined leaves it to the policy. */
export interface Overrides {
  /** True: store in S3 although outside the cohort. False: never. */
  readonly forceS3?: boolean | undefined
  /** True: always keep a copy on HuggingFace. False: never, not even as a stand-in. */
  readonly forceHuggingFace?: boolean | undefined
}

/** The plan with the miner's overrides applied. @throws StorageError `NO_BACKEND` when nothing is left */
export function overridePlan(plan: Plan, policy: Policy, { forceS3, forceHuggingFace }: Overrides): Plan {
  if (forceS3 === undefined && forceHuggingFace === undefined) return plan
  const required = new Set<BackendName>(plan.required)
  let standIn = plan.standIn
  if (forceS3 === true && !required.has('s3')) {
    required.add('s3')
    if (policy.useHuggingFace && policy.mode === 'fallback') {
      required.delete('huggingface')
      standIn = 'huggingface'
    }
  }
  if (forceS3 === false) {
    required.delete('s3')
    standIn = undefined
    if (policy.useHuggingFace) required.add('huggingface')
  }
  if (forceHuggingFace === true) {
    required.add('huggingface')
    standIn = undefined
  }
  if (forceHuggingFace === false) {
    required.delete('huggingface')
    standIn = undefined
  }
  const set = [
    ...(forceS3 === undefined ? [] : [`S3 ${forceS3 ? 'on' : 'off'}`]),
    ...(forceHuggingFace === undefined ? [] : [`HuggingFace ${forceHuggingFace ? 'on' : 'off'}`]),
  ].join(', ')
  if (required.size === 0) {
    const text = `the overrides (${set}) leave no backend under the policy at block ${plan.block}; drop one of them`
    throw new StorageError('NO_BACKEND', text)
  }
  const { required: _required, standIn: _standIn, ...facts } = plan
  const reason = `${plan.reason} Overridden by this miner: ${set}.`
  const order = backendNames.filter((name) => required.has(name))
  return { ...facts, required: order, ...(standIn === undefined ? {} : { standIn }), reason }
}
