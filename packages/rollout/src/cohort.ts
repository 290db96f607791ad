import { addressOf, publicKeyOf } from '@sluice/hotkey'
import { md5 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { RolloutError } from './errors.ts'
import { basisPoints } from './percentage.ts'
import type { CohortRule, Membership, Policy } from './policy.ts'
import { effectivePercentage } from './schedule.ts'

const utf8 = new TextEncoder()
const CONTEXT = utf8.encode('sn-rollout/v2\0')

/** How many slots a rule shares the hotkeys out over. */
export const slotCount = (rule: CohortRule): number => (rule === 'md5-mod100' ? 100 : 10_000)

/** The original's rule: `int(md5(ss58)) % 100` over the address with Bittensor's prefix. */
const md5Slot = (publicKey: Uint8Array): number =>
  md5(utf8.encode(addressOf(publicKey))).reduce((rest, byte) => (rest * 256 + byte) % 100, 0)

/** `floor(u64be(sha256(context || netuid u16 LE || len(salt) u8 || salt || key)[0..8]) * 10000 / 2^64)`. */
const saltedSlot = (publicKey: Uint8Array, netuid: number, salt: string): number => {
  const saltBytes = utf8.encode(salt)
  const input = new Uint8Array(CONTEXT.length + 3 + saltBytes.length + 32)
  const view = new DataView(input.buffer)
  input.set(CONTEXT)
  view.setUint16(CONTEXT.length, netuid, true)
  view.setUint8(CONTEXT.length + 2, saltBytes.length)
  input.set(saltBytes, CONTEXT.length + 3)
  input.set(publicKey, CONTEXT.length + 3 + saltBytes.length)
  const digest = sha256(input)
  return Number((new DataView(digest.buffer, digest.byteOffset).getBigUint64(0) * 10_000n) >> 64n)
}

/**
 * The hotkey's slot: 0..99 (`md5-mod100`) or 0..9999 (`sha256-bp`). It depends on rule, salt, subnet and public key
 * only, so raising the percentage never moves anyone out.
 * @throws HotkeyError; RolloutError `BAD_POLICY` when netuid is not 0..65535
 */
export const cohortSlot = (policy: Policy, netuid: number, hotkey: string): number => {
  if (!Number.isInteger(netuid) || netuid < 0 || netuid > 0xffff) {
    throw new RolloutError('BAD_POLICY', `Netuid ${netuid} is not valid; give a number from 0 to 65535.`)
  }
  const publicKey = publicKeyOf(hotkey)
  return policy.cohort === 'md5-mod100' ? md5Slot(publicKey) : saltedSlot(publicKey, netuid, policy.salt)
}

/** Lists of a valid policy hold canonical addresses; only those of a hand-made one need decoding. */
const lists = (list: readonly string[], address: string): boolean =>
  list.some((entry) => entry === address || (!/^5\w{47}$/.test(entry) && addressOf(publicKeyOf(entry)) === address))

/** Applies exclude, include and slot, in this order. @throws RolloutError like {@link cohortSlot} */
export const membership = (policy: Policy, netuid: number, hotkey: string, block: number): Membership => {
  const percentage = effectivePercentage(policy, block)
  const slot = cohortSlot(policy, netuid, hotkey)
  const threshold = policy.cohort === 'md5-mod100' ? percentage : basisPoints(percentage)
  const address = addressOf(publicKeyOf(hotkey))
  const facts = { slot, threshold, percentage }
  if (lists(policy.exclude, address)) return { inCohort: false, because: 'excluded', ...facts }
  if (lists(policy.include, address)) return { inCohort: true, because: 'included', ...facts }
  return { inCohort: slot < threshold, because: 'slot', ...facts }
}

/** True when the hotkey belongs to the S3 cohort at this block. @throws RolloutError like {@link cohortSlot} */
export const isInCohort = (policy: Policy, netuid: number, hotkey: string, block: number): boolean =>
  membership(policy, netuid, hotkey, block).inCohort
