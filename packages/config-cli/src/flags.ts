import {
  BadValue,
  chainSettings,
  type ChainValues,
  consent,
  listOf,
  needed,
  oneOf,
  optional,
  percentage,
  type Reader,
  type Settings,
  toggle,
  walletSettings,
  type WalletValues,
  whole,
  words,
  yesNo,
} from '@sluice/command-line'
import type { CohortRule, RolloutMode } from '@sluice/rollout'

type Schedule = readonly (readonly [block: number, percentage: number])[]

/** The policy's fields that flags may change; undefined leaves them as they are, `none` clears. */
interface PolicyFlags {
  readonly use_s3: boolean | undefined
  readonly use_huggingface: boolean | undefined
  readonly bucket_name: string | undefined
  readonly auth_endpoint: string | undefined
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly mode: RolloutMode | undefined
  readonly cohort: CohortRule | undefined
  readonly salt: string | undefined
  readonly include: readonly string[] | undefined
  readonly exclude: readonly string[] | undefined
  readonly hf_sunset_block: number | 'none' | undefined
  /** Allows a change that draws a new cohort. */
  readonly reshuffle: boolean
}

/** Flags of both commands that publish. */
interface PublishFlags extends Omit<ChainValues, 'endpoint'>, WalletValues {
  /** Of the chain; `endpoint` alone is the bucket's. */
  readonly chainEndpoint: string | undefined
  readonly percentage: number | undefined
  readonly schedule: Schedule | undefined
  readonly replace: boolean
  readonly yes: boolean
  readonly dryRun: boolean
}

export type RolloutFlags = PublishFlags
export type SetFlags = PublishFlags & PolicyFlags
/** What a change is made of: `rollout` names none of the policy's fields. */
export type ChangeFlags = PublishFlags & Partial<PolicyFlags>

export interface ReadFlags extends Omit<ChainValues, 'endpoint'> {
  readonly chainEndpoint: string | undefined
}

export interface ExplainFlags extends ReadFlags {
  readonly hotkey: string
}

const block = whole(0, 0xffff_ffff, 'a block number')
const share = { value: 'p', meaning: 'share of hotkeys on S3, 0 to 100', group: 'Change' }

/** A value, or the word "none" that clears. */
const orNone =
  <T, N>(read: Reader<T>, none: N): Reader<T | N> =>
  (text) =>
    text === 'none' ? none : read(text)

const step: Reader<readonly [block: number, percentage: number]> = (text) => {
  const [at, part, ...rest] = text.split(':')
  if (at === undefined || part === undefined || rest.length > 0) {
    throw new BadValue('must be BLOCK:PERCENTAGE pairs, separated by commas, or "none"')
  }
  return [block(at), percentage(part)]
}

const { network, endpoint } = chainSettings

export const readSettings: Settings<ReadFlags> = {
  netuid: chainSettings.netuid,
  network: { ...network, beats: ['chainEndpoint'] },
  chainEndpoint: endpoint,
}

export const explainSettings: Settings<ExplainFlags> = {
  hotkey: needed(words, { argument: 'hotkey', meaning: 'ss58 address' }),
  ...readSettings,
}

const publishSettings: Settings<PublishFlags> = {
  ...readSettings,
  ...walletSettings,
  percentage: optional(percentage, { ...share, flag: 'percentage' }),
  schedule: optional(orNone(listOf(step), []), {
    flag: 'schedule',
    value: 'steps',
    group: 'Change',
    meaning: 'BLOCK:PERCENTAGE,… that act without further signatures, or none',
  }),
  replace: toggle({
    flag: 'replace',
    group: 'Consent',
    meaning: 'allow to replace a policy published by newer software',
  }),
  yes: { ...consent, group: 'Consent' },
  dryRun: toggle({
    flag: 'dry-run',
    group: 'Consent',
    meaning: 'show everything, send nothing; needs no wallet',
  }),
}

export const rolloutSettings: Settings<RolloutFlags> = publishSettings

const hotkeys = orNone(listOf(words), [])
const policy = (flag: string, value: string, meaning: string) => ({ flag, value, meaning, group: 'Policy' }) as const

export const setSettings: Settings<SetFlags> = {
  ...publishSettings,
  percentage: optional(percentage, { ...share, flag: 'rollout_percentage', also: ['percentage'] }),
  use_s3: optional(yesNo, policy('use_s3', 'bool', 'S3 on or off')),
  use_huggingface: optional(yesNo, policy('use_huggingface', 'bool', 'HuggingFace on or off')),
  bucket_name: optional(words, policy('bucket_name', 'name', 'S3 bucket, or none')),
  auth_endpoint: optional(
    words,
    policy('auth_endpoint', 'url', 'https URL of the gateway that signs uploads (several: with commas), or none'),
  ),
  region: optional(words, policy('region', 'name', 'S3 region')),
  endpoint: optional(words, policy('endpoint', 'url', 'S3 endpoint of a store other than AWS, or none')),
  mode: optional(oneOf('fallback', 'dual', 'shadow'), policy('mode', 'fallback|dual|shadow', 'what the cohort does')),
  cohort: optional(
    oneOf('md5-mod100', 'sha256-bp'),
    policy('cohort', 'md5-mod100|sha256-bp', 'how the cohort is drawn'),
  ),
  salt: optional(orNone(words, ''), policy('salt', 'text', 'salt of sha256-bp, or none')),
  include: optional(hotkeys, policy('include', 'hotkeys', 'hotkeys always in, separated by commas, or none')),
  exclude: optional(hotkeys, policy('exclude', 'hotkeys', 'hotkeys never in, separated by commas, or none')),
  hf_sunset_block: optional(
    orNone(block, 'none' as const),
    policy('hf_sunset_block', 'n', 'from here HuggingFace alone no longer counts, or none'),
  ),
  reshuffle: toggle({
    flag: 'reshuffle',
    group: 'Consent',
    meaning: 'allow a change that draws a new cohort (--cohort, --salt)',
  }),
}
