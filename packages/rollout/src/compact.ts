import { sha256 } from '@noble/hashes/sha2.js'
import { base64urlnopad } from '@scure/base'
import { repositoryProblem } from './text-rules.ts'
import type { Policy, RolloutMode } from './policy.ts'
import { readStorage } from './policy-schema.ts'
import { shown, type PolicyDecoding } from './policy-json.ts'

const MAGIC = 'sluice'
const SUM_LENGTH = 6
const HTTPS = 'https://'
const modeLetters: Readonly<Record<RolloutMode, string>> = { fallback: 'f', dual: 'd', shadow: 'w' }
const utf8 = new TextEncoder()

/** Appends 36 bits of SHA-256, so that a foreign text or a damaged record passes once in 7e10. */
const seal = (text: string): string =>
  `${text}|${base64urlnopad.encode(sha256(utf8.encode(text))).slice(0, SUM_LENGTH)}`

const isSealed = (text: string): boolean => seal(text.slice(0, -SUM_LENGTH - 1)) === text

/**
 * The compact record of a policy, or null when the policy says more than the record can
 * (schedule, lists, guard, sunset, own S3 endpoint, a salt with other characters than `A-Za-z0-9._-`).
 * Grammar: see the README of this package.
 */
export const writeCompactPolicy = (policy: Policy): string | null => {
  const { s3 } = policy
  const beyond =
    policy.schedule.length + policy.include.length + policy.exclude.length > 0 ||
    policy.guard !== null ||
    policy.hfSunsetBlock !== null ||
    s3.endpoint !== null
  if (beyond || !/^[A-Za-z0-9._-]*$/.test(policy.salt)) return null
  const flags = `${policy.useS3 ? 's' : '-'}${policy.useHuggingFace ? 'h' : '-'}${modeLetters[policy.mode]}`
  const cohort = `${policy.cohort === 'sha256-bp' ? 'bp' : 'md5'}${policy.salt === '' ? '' : `:${policy.salt}`}`
  const auth = s3.authEndpoint?.startsWith(HTTPS) ? s3.authEndpoint.slice(HTTPS.length) : (s3.authEndpoint ?? '')
  return seal([MAGIC, 1, flags, policy.rolloutPercentage, cohort, s3.bucketName ?? '', s3.region, auth].join('|'))
}

/** The compact record of a miner's pointer to its HuggingFace repository. */
export const writeCompactPointer = (repository: string): string => seal([MAGIC, 1, 'hf', repository].join('|'))

/** A compact record, or null when the text does not start with our magic. */
export type CompactRecord =
  | { readonly kind: 'policy'; readonly decoding: PolicyDecoding }
  | { readonly kind: 'pointer'; readonly repository: string }

const broken = (problem: string): CompactRecord => ({ kind: 'policy', decoding: { kind: 'invalid', problem } })

/** Reads a compact record; only exactly what the writers above produce is taken. */
export const readCompact = (text: string): CompactRecord | null => {
  const version = /^sluice\|(\d{1,9})\|/.exec(text)?.[1]
  if (version === undefined) return null
  if (version !== '1') return { kind: 'policy', decoding: { kind: 'unsupported', version: shown(version) } }
  if (!isSealed(text)) return broken('compact record: the checksum is wrong')
  const parts = text.split('|').slice(2, -1)
  const [first, second, cohortPart = '', bucket = '', region = '', auth = ''] = parts
  if (first === 'hf' && second !== undefined && parts.length === 2) {
    return repositoryProblem(second) === null ? { kind: 'pointer', repository: second } : broken('pointer: not valid')
  }
  const flags = /^([s-])([h-])([fdw])$/.exec(first ?? '')
  const cohort = /^(bp|md5)(?::([A-Za-z0-9._-]+))?$/.exec(cohortPart)
  if (flags === null || cohort === null || parts.length !== 6) return broken('compact record: malformed')
  const reading = readStorage({
    v: 1,
    use_s3: flags[1] === 's',
    use_huggingface: flags[2] === 'h',
    mode: flags[3] === 'f' ? 'fallback' : flags[3] === 'd' ? 'dual' : 'shadow',
    s3: {
      bucket_name: bucket === '' ? null : bucket,
      auth_endpoint: auth === '' ? null : auth.startsWith('http://') ? auth : `${HTTPS}${auth}`,
      region,
    },
    rollout_percentage: Number(second),
    cohort: cohort[1] === 'bp' ? 'sha256-bp' : 'md5-mod100',
    salt: cohort[2] ?? '',
  })
  if (!reading.ok) return broken(`compact record: ${reading.problem}`)
  if (writeCompactPolicy(reading.policy) !== text) return broken('compact record: not canonical')
  return {
    kind: 'policy',
    decoding: { kind: 'policy', policy: reading.policy, encoding: 'compact', warnings: reading.warnings },
  }
}
