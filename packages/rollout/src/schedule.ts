import type { Policy } from './policy.ts'

/** The percentage that holds at a block: the last schedule entry at or below it, else `rolloutPercentage`. */
export const effectivePercentage = (policy: Policy, block: number): number =>
  policy.schedule.findLast(([from]) => from <= block)?.[1] ?? policy.rolloutPercentage
