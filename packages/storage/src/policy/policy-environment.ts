import { createPolicy, policyWarnings, type PolicySnapshot } from '@sluice/rollout'
import { messageOf } from '../errors.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Our names first, then those of the originals (their documents and their code differ in one). */
const names = {
  useS3: ['SLUICE_USE_S3', 'DATA_UNIVERSE_USE_S3'],
  useHuggingFace: ['SLUICE_USE_HF', 'DATA_UNIVERSE_USE_HF'],
  bucket: ['SLUICE_S3_BUCKET', 'DATA_UNIVERSE_S3_BUCKET'],
  authEndpoint: ['SLUICE_AUTH_ENDPOINT', 'DATA_UNIVERSE_AUTH_ENDPOINT', 'DATA_UNIVERSE_S3_AUTH_ENDPOINT'],
  region: ['SLUICE_S3_REGION', 'DATA_UNIVERSE_S3_REGION'],
  endpoint: ['SLUICE_S3_ENDPOINT'],
  percentage: ['SLUICE_ROLLOUT_PERCENTAGE'],
} as const

/** The same for people. The endpoint is that of direct access too, and described there. */
export const policyVariables: readonly { readonly variables: readonly string[]; readonly meaning: string }[] = [
  { variables: names.useS3, meaning: 'S3 on or off' },
  { variables: names.useHuggingFace, meaning: 'HuggingFace on or off' },
  { variables: names.bucket, meaning: 'the bucket' },
  { variables: names.authEndpoint, meaning: 'the gateway' },
  { variables: names.region, meaning: 'region of the bucket' },
  { variables: names.percentage, meaning: 'share of hotkeys on S3, 0 to 100' },
]

/**
 * The policy that environment variables describe, or null when none of them is set. A missing percentage is 0.
 * Values that make no sense are warned about and nothing of them is used.
 */
export function policyFromEnvironment(environment: Environment): PolicySnapshot | null {
  const read = (keys: readonly string[]): string | null => {
    const key = keys.find((name) => (environment[name] ?? '').trim() !== '')
    return key === undefined ? null : (environment[key] ?? '').trim()
  }
  if (!Object.values(names).some((keys) => read(keys) !== null)) return null
  const warnings: string[] = []
  const percentage = read(names.percentage)
  try {
    const cohort = 'md5-mod100' as const // what the originals' miners do without a chain
    const input = {
      useS3: flag(read(names.useS3), false, 'SLUICE_USE_S3'),
      useHuggingFace: flag(read(names.useHuggingFace), true, 'SLUICE_USE_HF'),
      cohort,
      s3: {
        bucketName: read(names.bucket),
        authEndpoint: read(names.authEndpoint),
        ...optional('region', read(names.region)),
        ...optional('endpoint', read(names.endpoint)),
      },
      rolloutPercentage: percentage === null ? 0 : number(percentage),
    }
    warnings.push('the policy comes from environment variables, not from the chain', ...policyWarnings(input))
    return { policy: createPolicy(input), origin: 'environment', block: 0, blockHash: null, warnings }
  } catch (error) {
    const problem = `the policy in the environment variables is not usable: ${messageOf(error)}`
    return { policy: createPolicy({}), origin: 'default', block: 0, blockHash: null, warnings: [problem] }
  }
}

function optional<K extends string>(key: K, value: string | null): Partial<Record<K, string>> {
  return value === null ? {} : ({ [key]: value } as Record<K, string>)
}

function flag(value: string | null, missing: boolean, name: string): boolean {
  if (value === null) return missing
  if (/^(true|1|yes|on)$/i.test(value)) return true
  if (/^(false|0|no|off)$/i.test(value)) return false
  throw new Error(`${name} must be true or false, not "${value}"`)
}

function number(value: string): number {
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(value))
    throw new Error(`SLUICE_ROLLOUT_PERCENTAGE must be 0 to 100, not "${value}"`)
  return Number(value)
}
