import type { Metagraph } from '@sluice/chain'
import { decide, RolloutError, type Policy } from '@sluice/rollout'

/** One registered hotkey and whether its data goes to S3. */
export interface Head {
  readonly uid: number
  readonly hotkey: string
  readonly role: 'owner' | 'validator' | 'miner'
  readonly onS3: boolean
}

/** How many of whom. Validators and the owner hotkey have buckets too, but upload nothing. */
export interface HeadCount {
  readonly miners: number
  readonly minersOnS3: number
  readonly hotkeys: number
  readonly hotkeysOnS3: number
}

const usesS3 = (policy: Policy | null, netuid: number, hotkey: string, block: number): boolean => {
  if (policy === null) return false
  try {
    return decide(policy, netuid, hotkey, block).required.includes('s3')
  } catch (error) {
    if (RolloutError.is(error) && error.code === 'NO_BACKEND') return false
    throw error
  }
}

/** Every registered hotkey under a policy at the metagraph's block; null = no policy = nobody on S3. */
export const headsUnder = (policy: Policy | null, metagraph: Metagraph): readonly Head[] =>
  metagraph.neurons.map(({ uid, hotkey, validatorPermit }) => ({
    uid,
    hotkey,
    role: hotkey === metagraph.ownerHotkey ? 'owner' : validatorPermit ? 'validator' : 'miner',
    onS3: usesS3(policy, metagraph.netuid, hotkey, metagraph.block),
  }))

export const countHeads = (heads: readonly Head[]): HeadCount => {
  const miners = heads.filter((head) => head.role === 'miner')
  return {
    miners: miners.length,
    minersOnS3: miners.filter((head) => head.onS3).length,
    hotkeys: heads.length,
    hotkeysOnS3: heads.filter((head) => head.onS3).length,
  }
}

/** `2 of 8 miners on S3 (25 %)`, and the same for all hotkeys. */
export const countSentence = (count: HeadCount): string => {
  const share = count.miners === 0 ? 0 : Math.round((count.minersOnS3 / count.miners) * 100)
  return (
    `${count.minersOnS3} of ${count.miners} miners on S3 (${share} %), ` +
    `${count.hotkeysOnS3} of ${count.hotkeys} registered hotkeys.`
  )
}

/** Exactly who starts and who stops using S3. */
export const movement = (
  before: readonly Head[],
  after: readonly Head[],
): { readonly joins: readonly Head[]; readonly leaves: readonly Head[] } => {
  const was = new Map(before.map((head) => [head.hotkey, head.onS3]))
  return {
    joins: after.filter((head) => head.onS3 && was.get(head.hotkey) !== true),
    leaves: after.filter((head) => !head.onS3 && was.get(head.hotkey) === true),
  }
}
