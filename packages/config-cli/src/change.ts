import { createPolicy, defaultPolicy, effectivePercentage, type Policy, type PolicyDecoding } from '@sluice/rollout'
import { CliError } from './errors.ts'
import type { ChangeFlags } from './flags.ts'

/** What a command wants to publish, with what people should know first. */
export interface Change {
  /** Null when there is no readable policy yet. */
  readonly before: Policy | null
  readonly after: Policy
  readonly warnings: readonly string[]
}

const refuse = (message: string): CliError => new CliError('BAD_CHANGE', message)

/** A flag's value over the policy's; "none" clears. */
const over = <T>(flag: T | 'none' | undefined, base: T | null): T | null =>
  flag === undefined ? base : flag === 'none' ? null : flag

const merged = (base: Policy, flags: ChangeFlags): Policy => {
  const s3 = {
    bucketName: over(flags.bucket_name, base.s3.bucketName),
    authEndpoint: over(flags.auth_endpoint, base.s3.authEndpoint),
    region: flags.region ?? base.s3.region,
    endpoint: over(flags.endpoint, base.s3.endpoint),
  }
  const useS3 = flags.use_s3 ?? base.useS3
  if (useS3 && (s3.bucketName === null || s3.authEndpoint === null)) {
    throw refuse(
      'S3 cannot be on without a bucket and an auth endpoint: give --bucket_name and --auth_endpoint, ' +
        'or --use_s3 false. Nothing was changed.',
    )
  }
  const after = createPolicy({
    ...base,
    useS3,
    s3,
    useHuggingFace: flags.use_huggingface ?? base.useHuggingFace,
    mode: flags.mode ?? base.mode,
    rolloutPercentage: flags.percentage ?? base.rolloutPercentage,
    cohort: flags.cohort ?? base.cohort,
    salt: flags.salt ?? base.salt,
    schedule: flags.schedule ?? base.schedule,
    include: flags.include ?? base.include,
    exclude: flags.exclude ?? base.exclude,
    hfSunsetBlock: over(flags.hf_sunset_block, base.hfSunsetBlock),
  })
  if (!after.useS3 && !after.useHuggingFace) {
    throw refuse('This would switch off both S3 and HuggingFace: miners would have nowhere to store. Keep one on.')
  }
  return after
}

const isReshuffle = (before: Policy, after: Policy): boolean =>
  before.cohort !== after.cohort || (after.cohort === 'sha256-bp' && before.salt !== after.salt)

/** The steps of a schedule that will lower the share later on, as seen from a block. */
const laterCuts = (policy: Policy, block: number): string[] => {
  let share = effectivePercentage(policy, block)
  return policy.schedule
    .filter(([at]) => at > block)
    .flatMap(([at, next]) => {
      const cut = next < share ? [`The schedule lowers the share at block ${at} from ${share} % to ${next} %.`] : []
      share = next
      return cut
    })
}

const warningsFor = (before: Policy | null, after: Policy, flags: ChangeFlags, block: number): string[] => {
  const warnings: string[] = []
  const now = effectivePercentage(after, block)
  if (before !== null && now < effectivePercentage(before, block)) {
    warnings.push(
      `The share on S3 goes down from ${effectivePercentage(before, block)} % to ${now} %: ` +
        'those who leave go back to HuggingFace and upload there what is missing.',
    )
  }
  if (before !== null && isReshuffle(before, after)) {
    warnings.push('The cohort is drawn anew: hotkeys leave and join although the percentage says nothing of it.')
  }
  const asked = flags.percentage
  if (asked !== undefined && now !== asked) {
    warnings.push(
      `The schedule holds ${now} % at block ${block} and wins over the percentage; use --schedule none to end it.`,
    )
  }
  if (flags.schedule !== undefined || asked !== undefined) warnings.push(...laterCuts(after, block))
  if (!after.useS3 && now > 0)
    warnings.push('S3 is off: the percentage has no effect until "set --use_s3 true" turns it on.')
  if (!after.useHuggingFace) warnings.push('HuggingFace is off: every miner uses S3 alone, in the cohort or not.')
  return warnings
}

/**
 * The policy that the flags make of what is on chain.
 * @throws CliError BAD_CHANGE, NEEDS_RESHUFFLE, NEEDS_REPLACE; RolloutError BAD_POLICY
 */
export const planChange = (decoding: PolicyDecoding, flags: ChangeFlags, block: number): Change => {
  if (decoding.kind === 'unsupported' && !flags.replace) {
    throw new CliError(
      'NEEDS_REPLACE',
      `The policy on chain has version "${decoding.version}", which this program does not know. ` +
        'Update sluice-config, or start over from defaults with --replace. Nothing was changed.',
    )
  }
  const before = decoding.kind === 'policy' ? decoding.policy : null
  const after = merged(before ?? defaultPolicy, flags)
  if (before !== null && isReshuffle(before, after) && flags.reshuffle !== true) {
    throw new CliError(
      'NEEDS_RESHUFFLE',
      'Another cohort rule or salt draws a new cohort: miners that moved to S3 would move back and others in. ' +
        'Say --reshuffle if you want that. Nothing was changed.',
    )
  }
  const unreadable =
    decoding.kind === 'invalid'
      ? [`The policy on chain is not valid (${decoding.problem}) and is replaced, starting from defaults.`]
      : decoding.kind === 'unsupported'
        ? [`The policy on chain has version "${decoding.version}" and is replaced, starting from defaults.`]
        : []
  return { before, after, warnings: [...unreadable, ...warningsFor(before, after, flags, block)] }
}
