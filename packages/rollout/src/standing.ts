import { planUnder } from './decide.ts'
import type { Plan, Policy } from './policy.ts'

/** What is known of a hotkey under whatever policy a subnet has, for those who look at everybody in it. */
export interface Standing extends Pick<Plan, 'standIn' | 'inCohort' | 'reason' | 'block'> {
  /** Backends that must hold its data; none when there is no policy or it leaves no place. */
  readonly required: Plan['required']
  /** Null without a policy. */
  readonly because: Plan['because'] | null
}

/**
 * As `decide`, but neither a subnet without a policy (null) nor one that leaves no place is an error: then nothing is
 * required. Pure.
 * @throws RolloutError `BAD_HOTKEY`; `BAD_POLICY` when netuid is not 0..65535
 */
export const standingOf = (policy: Policy | null, netuid: number, hotkey: string, block: number): Standing => {
  if (policy !== null) return planUnder(policy, netuid, hotkey, block)
  const reason = `The owner of subnet ${netuid} has published no storage policy.`
  return { required: [], inCohort: false, because: null, reason, block }
}
