import { membership, slotCount } from './cohort.ts'
import { RolloutError } from './errors.ts'
import type { Membership, Plan, Policy } from './policy.ts'
import { s3Warning } from './policy-schema.ts'

const membershipReason = (policy: Policy, member: Membership): string => {
  if (member.because === 'excluded') return 'the owner excluded this hotkey by name'
  if (member.because === 'included') return 'the owner included this hotkey by name'
  const where = `slot ${member.slot} of ${slotCount(policy.cohort)}`
  return `${where} is ${member.inCohort ? '' : 'not '}below ${member.threshold} (${member.percentage} %, ${policy.cohort})`
}

/**
 * What a hotkey has to do under a policy at a block. Pure.
 * S3 off: HuggingFace. HuggingFace off: S3 alone, in or out. Outside the cohort: HuggingFace. Inside: `fallback` = S3 with
 * HuggingFace as stand-in, `dual` and `shadow` = both.
 * @throws RolloutError `NO_BACKEND` when the policy leaves no place; HotkeyError
 */
export const decide = (policy: Policy, netuid: number, hotkey: string, block: number): Plan => {
  const plan = planUnder(policy, netuid, hotkey, block)
  if (plan.required.length === 0) throw new RolloutError('NO_BACKEND', plan.reason)
  return plan
}

/** As {@link decide}, but a policy that leaves no place requires none. @throws RolloutError `BAD_HOTKEY` */
export const planUnder = (policy: Policy, netuid: number, hotkey: string, block: number): Plan => {
  const member = membership(policy, netuid, hotkey, block)
  const facts = { ...member, block }
  const why = membershipReason(policy, member)
  const useS3 = policy.useS3 && s3Warning(true, policy.s3.bucketName, policy.s3.authEndpoint) === null

  if (!useS3 && !policy.useHuggingFace) {
    const reason =
      `The storage policy of subnet ${netuid} at block ${block} switches off both S3 and HuggingFace: ` +
      'there is nowhere to store data until the subnet owner publishes another one.'
    return { required: [], ...facts, reason }
  }
  if (!useS3) {
    return { required: ['huggingface'], ...facts, reason: `HuggingFace: S3 is switched off for this subnet; ${why}.` }
  }
  if (!policy.useHuggingFace) {
    return { required: ['s3'], ...facts, reason: `S3 alone: HuggingFace is switched off for this subnet; ${why}.` }
  }
  const sunset =
    policy.hfSunsetBlock !== null && block >= policy.hfSunsetBlock
      ? `; since block ${policy.hfSunsetBlock} HuggingFace alone no longer counts as stored`
      : ''
  if (!member.inCohort) {
    return { required: ['huggingface'], ...facts, reason: `HuggingFace, outside the S3 cohort: ${why}${sunset}.` }
  }
  if (policy.mode === 'fallback') {
    const reason = `S3 with HuggingFace as stand-in, inside the S3 cohort: ${why}${sunset}.`
    return { required: ['s3'], standIn: 'huggingface', ...facts, reason }
  }
  const judge = policy.mode === 'dual' ? 'S3 decides' : 'HuggingFace decides'
  return {
    required: ['s3', 'huggingface'],
    ...facts,
    reason: `Both S3 and HuggingFace (${policy.mode}, ${judge}), inside the S3 cohort: ${why}${sunset}.`,
  }
}
