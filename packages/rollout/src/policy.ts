import type { BackendName } from './backend-names.ts'

/**
 * How the backends work together for a hotkey inside the cohort.
 * `fallback`: S3, HuggingFace only while S3 fails. `dual`: both, S3 decides. `shadow`: both, HuggingFace decides.
 */
export type RolloutMode = 'fallback' | 'dual' | 'shadow'

/** `md5-mod100` is the original's rule; `sha256-bp` is salted, per subnet and fine to 0.01 %. */
export type CohortRule = 'md5-mod100' | 'sha256-bp'

/** The S3 part of a policy. Null means "not set". */
export interface PolicyS3 {
  readonly bucketName: string | null
  /** Base URL of the gateway that hands out presigned uploads; several separated by commas, the preferred one first. */
  readonly authEndpoint: string | null
  readonly region: string
  /** S3 endpoint for stores other than AWS; null = AWS. */
  readonly endpoint: string | null
}

/** The storage policy of one subnet, as its owner hotkey published it. */
export interface Policy {
  readonly useS3: boolean
  readonly useHuggingFace: boolean
  readonly mode: RolloutMode
  readonly s3: PolicyS3
  /** 0..100, at most two decimals. */
  readonly rolloutPercentage: number
  readonly cohort: CohortRule
  /** ASCII, at most 32 bytes; used by `sha256-bp` only. */
  readonly salt: string
  /** `[block, percentage]`, ascending by block; the last entry at or below the block wins over `rolloutPercentage`. */
  readonly schedule: readonly (readonly [block: number, percentage: number])[]
  /** Hotkeys (ss58) that are in whatever the percentage; `exclude` wins over `include`. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** Hotkey that may only lower the exposure (reserved), or null. */
  readonly guard: string | null
  /** From this block on HuggingFace alone no longer counts as stored; null = no sunset. */
  readonly hfSunsetBlock: number | null
}

/** Where a policy came from, strongest first. */
export type PolicyOrigin = 'chain' | 'last-good' | 'environment' | 'default'

/** A policy together with its evidence: every decision that follows names this origin and block. */
export interface PolicySnapshot {
  readonly policy: Policy
  readonly origin: PolicyOrigin
  /** Block at which it was read (for `last-good`: when it was read then); 0 without a chain. */
  readonly block: number
  /** Hash of that block, or null without a chain. */
  readonly blockHash: string | null
  /** Plain sentences for a log: what was ignored or switched off and why. */
  readonly warnings: readonly string[]
}

/** Why a hotkey is in or out; `threshold` is the first slot that is out (may be fractional for `md5-mod100`). */
export interface Membership {
  readonly inCohort: boolean
  readonly because: 'excluded' | 'included' | 'slot'
  /** 0..99 for `md5-mod100`, 0..9999 for `sha256-bp`. */
  readonly slot: number
  readonly threshold: number
  /** In force at this block, 0..100. */
  readonly percentage: number
}

/** What a hotkey has to do under a policy at a block. */
export interface Plan extends Membership {
  /** Backends that must come to hold everything. */
  readonly required: readonly BackendName[]
  /** Backend that may stand in while a required one fails. */
  readonly standIn?: BackendName
  /** One sentence a miner understands: why in or out. */
  readonly reason: string
  readonly block: number
}
