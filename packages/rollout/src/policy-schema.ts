import { addressOf, publicKeyOf } from '@sluice/hotkey'
import { z } from 'zod'
import { RolloutError } from './errors.ts'
import { bucketProblem, endpointListProblem, endpointProblem, regionProblem, repositoryProblem } from './text-rules.ts'
import { isPercentage } from './percentage.ts'
import type { CohortRule, Policy, PolicyS3, RolloutMode } from './policy.ts'

/** The version this package writes; an absent version is the original's layout. */
export const POLICY_VERSION = 1
const DEFAULT_REGION = 'us-east-1'
const MAX_LIST = 64
const MAX_BLOCK = 0xffff_ffff

const checked = (problemOf: (text: string) => string | null): z.ZodType<string, string> =>
  z.string().check((ctx) => {
    const problem = problemOf(ctx.value)
    if (problem !== null) ctx.issues.push({ code: 'custom', message: problem, input: ctx.value })
  })

const hotkey = z.string().transform((text, ctx) => {
  try {
    // Every account gets the address with Bittensor's prefix, so that lists compare and encode alike.
    return addressOf(publicKeyOf(text))
  } catch (cause) {
    ctx.addIssue({ code: 'custom', message: RolloutError.is(cause) ? cause.message : 'is not a hotkey' })
    return z.NEVER
  }
})

const hotkeys = z
  .array(hotkey)
  .max(MAX_LIST)
  .transform((list) => [...new Set(list)])

const block = z.int().min(0).max(MAX_BLOCK)
const percentage = z.number().refine(isPercentage, 'must be 0..100 with at most two decimals')
const schedule = z
  .array(z.tuple([block, percentage]))
  .max(MAX_LIST)
  .refine((steps) => steps.every(([at], i) => i === 0 || at > (steps[i - 1]?.[0] ?? 0)), 'must ascend by block')

const s3Schema = z.object({
  bucket_name: checked(bucketProblem).nullable().default(null),
  auth_endpoint: checked(endpointListProblem).nullable().default(null),
  region: checked(regionProblem).nullable().default(null),
  endpoint: checked(endpointProblem).nullable().default(null),
})

const storageSchema = z.object({
  v: z.literal(POLICY_VERSION).optional(),
  use_s3: z.boolean().default(false),
  use_huggingface: z.boolean().default(true),
  mode: z.enum(['fallback', 'dual', 'shadow']).default('fallback'),
  s3: s3Schema.prefault({}),
  rollout_percentage: percentage.default(0),
  cohort: z.enum(['md5-mod100', 'sha256-bp']).default('md5-mod100'),
  salt: z
    .string()
    .regex(/^[\x20-\x7e]{0,32}$/, 'must be at most 32 printable ASCII characters')
    .default(''),
  schedule: schedule.default([]),
  include: hotkeys.default([]),
  exclude: hotkeys.default([]),
  guard: hotkey.nullable().default(null),
  hf_sunset_block: block.nullable().default(null),
  hf: checked(repositoryProblem).optional(),
})

/** The keys of the `storage` object; anything else needs a new version. */
export const STORAGE_KEYS: ReadonlySet<string> = new Set(Object.keys(storageSchema.shape))
export const S3_KEYS: ReadonlySet<string> = new Set(Object.keys(s3Schema.shape))

/** Input of {@link createPolicy}: what is left out gets its default. */
export interface PolicyInput {
  readonly useS3?: boolean | undefined
  readonly useHuggingFace?: boolean | undefined
  readonly mode?: RolloutMode | undefined
  readonly s3?: { readonly [K in keyof PolicyS3]?: PolicyS3[K] | undefined } | undefined
  readonly rolloutPercentage?: number | undefined
  readonly cohort?: CohortRule | undefined
  readonly salt?: string | undefined
  readonly schedule?: Policy['schedule'] | undefined
  readonly include?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  readonly guard?: string | null | undefined
  readonly hfSunsetBlock?: number | null | undefined
}

/** A parsed `storage` object, or the first thing that is wrong with it. */
export type StorageReading =
  | { readonly ok: true; readonly policy: Policy; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problem: string }

/** A warning when S3 is switched on without bucket or auth endpoint, else null. S3 is then off; nothing is refused. */
export const s3Warning = (useS3: boolean, bucket: string | null, authEndpoint: string | null): string | null => {
  if (!useS3 || (bucket !== null && authEndpoint !== null)) return null
  const missing = [bucket === null ? 'bucket_name' : '', authEndpoint === null ? 'auth_endpoint' : '']
  return `use_s3 is set but ${missing.filter(Boolean).join(' and ')} is missing: S3 is off until it is published.`
}

/** Validates a `storage` object in wire layout (snake_case) and makes a policy of it. Never throws on plain data. */
export const readStorage = (value: unknown): StorageReading => {
  const parsed = storageSchema.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return { ok: false, problem: `${issue?.path.join('.') || 'storage'}: ${issue?.message ?? 'not valid'}` }
  }
  const wire = parsed.data
  const warning = s3Warning(wire.use_s3, wire.s3.bucket_name, wire.s3.auth_endpoint)
  const policy: Policy = {
    useS3: wire.use_s3 && warning === null,
    useHuggingFace: wire.use_huggingface,
    mode: wire.mode,
    s3: {
      bucketName: wire.s3.bucket_name,
      authEndpoint: wire.s3.auth_endpoint,
      region: wire.s3.region ?? DEFAULT_REGION,
      endpoint: wire.s3.endpoint,
    },
    rolloutPercentage: wire.rollout_percentage,
    cohort: wire.cohort,
    salt: wire.salt,
    schedule: wire.schedule,
    include: wire.include,
    exclude: wire.exclude,
    guard: wire.guard,
    hfSunsetBlock: wire.hf_sunset_block,
  }
  const guarded = wire.guard === null ? [] : ['A guard hotkey is set, but this version does not act on it.']
  return { ok: true, policy, warnings: [...(warning === null ? [] : [warning]), ...guarded] }
}
