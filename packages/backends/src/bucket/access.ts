import type { BucketSessions } from '@sluice/transfer'
import type { HttpSender } from '@sluice/transfer/node'

/** How a bucket is reached: directly, or through its gateway. Keys are relative to a prefix that belongs to it. */
export interface BucketAccess {
  /** Where the keys are, for people: `s3://bucket/data/hotkey=…/`. */
  readonly where: string
  readonly sessions: BucketSessions
  /** For signed requests; goes only where it may. */
  readonly createSender: () => HttpSender
  /** How long a question may take, milliseconds. */
  readonly callMs: number
  /** The same while the store assembles an object. */
  readonly completeMs: number
  /** The clock by which signed requests end, milliseconds since 1970. */
  readonly now: () => number
}
