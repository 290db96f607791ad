import type { Policy } from './policy.ts'
import { POLICY_VERSION, readStorage, S3_KEYS, STORAGE_KEYS } from './policy-schema.ts'

/** What a reader found. `unsupported` means: published by newer software, keep the last good policy. */
export type PolicyDecoding =
  | {
      readonly kind: 'policy'
      readonly policy: Policy
      readonly encoding: 'json' | 'compact'
      readonly warnings: readonly string[]
    }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unsupported'; readonly version: string }
  | { readonly kind: 'invalid'; readonly problem: string }

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Printable ASCII only, at most 24 characters: remote text that ends up in messages. */
export const shown = (text: string): string => text.replace(/[^\x21-\x7e]/g, '?').slice(0, 24)

const unknownKeys = (storage: Readonly<Record<string, unknown>>): string[] => [
  ...Object.keys(storage).filter((key) => !STORAGE_KEYS.has(key)),
  ...(isObject(storage['s3'])
    ? Object.keys(storage['s3'])
        .filter((key) => !S3_KEYS.has(key))
        .map((key) => `s3.${key}`)
    : []),
]

const readObject = (storage: Readonly<Record<string, unknown>>): PolicyDecoding => {
  const version = storage['v']
  if (version !== undefined && version !== POLICY_VERSION) {
    const text = typeof version === 'number' || typeof version === 'string' ? String(version) : typeof version
    return { kind: 'unsupported', version: shown(text) }
  }
  const keys = Object.keys(storage).filter((key) => key !== 'v' && key !== 'hf')
  // A pointer alone, or a foreign object with the name `storage`, is no policy.
  if (version === undefined ? !keys.some((key) => STORAGE_KEYS.has(key)) : keys.length === 0) return { kind: 'absent' }

  const unknown = unknownKeys(storage)
  // Version 1 allows no unknown field, so that a typo is not taken for a default. The original's layout allows them.
  if (version !== undefined && unknown.length > 0) {
    return { kind: 'invalid', problem: `unknown field ${shown(unknown[0] ?? '')} in a version 1 policy` }
  }
  const reading = readStorage(storage)
  if (!reading.ok) return { kind: 'invalid', problem: reading.problem }
  const ignored = unknown.map((key) => `Field ${shown(key)} is unknown and ignored.`)
  return { kind: 'policy', policy: reading.policy, encoding: 'json', warnings: [...reading.warnings, ...ignored] }
}

/**
 * Reads the `storage` object of the JSON layout; without `v` it is the original's layout. A missing percentage is 0 and a
 * missing cohort `md5-mod100`, as in the original. An object with nothing of a policy in it is `absent`.
 * Never throws.
 */
export const readPolicyJson = (value: unknown): PolicyDecoding => {
  try {
    return isObject(value) ? readObject(value) : { kind: 'invalid', problem: 'storage: must be an object' }
  } catch {
    return { kind: 'invalid', problem: 'storage: cannot be read' }
  }
}

/** The canonical `storage` object: fixed key order, defaults left out except what the original's readers look for. */
export const policyToJson = (policy: Policy): Record<string, unknown> => {
  const { s3 } = policy
  return {
    v: POLICY_VERSION,
    use_s3: policy.useS3,
    use_huggingface: policy.useHuggingFace,
    ...(policy.mode === 'fallback' ? {} : { mode: policy.mode }),
    s3: {
      ...(s3.bucketName === null ? {} : { bucket_name: s3.bucketName }),
      ...(s3.authEndpoint === null ? {} : { auth_endpoint: s3.authEndpoint }),
      region: s3.region,
      ...(s3.endpoint === null ? {} : { endpoint: s3.endpoint }),
    },
    rollout_percentage: policy.rolloutPercentage,
    cohort: policy.cohort,
    ...(policy.salt === '' ? {} : { salt: policy.salt }),
    ...(policy.schedule.length === 0 ? {} : { schedule: policy.schedule }),
    ...(policy.include.length === 0 ? {} : { include: policy.include }),
    ...(policy.exclude.length === 0 ? {} : { exclude: policy.exclude }),
    ...(policy.guard === null ? {} : { guard: policy.guard }),
    ...(policy.hfSunsetBlock === null ? {} : { hf_sunset_block: policy.hfSunsetBlock }),
  }
}
