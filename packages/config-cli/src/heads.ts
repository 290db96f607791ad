import type { Metagraph } from '@sluice/chain'
import { type BackendName, type Policy, standingOf } from '@sluice/rollout'

/** One registered hotkey and whether its data goes to S3. */
export interface Head {
  readonly uid: number
  readonly hotkey: string
  readonly role: 'owner' | 'validator' | 'miner'
  /** Backends that must hold its data; none when there is no policy or it leaves no place. */
  readonly required: readonly BackendName[]
  readonly onS3: boolean
}

/** How many of whom; `miners` are the hotkeys without a validator permit other than the owner's. */
export interface HeadCount {
  readonly miners: number
  readonly minersOnS3: number
  readonly hotkeys: number
  readonly hotkeysOnS3: number
}

/** Every registered hotkey under a policy at the metagraph's block; null = none to go by = nobody on S3. */
export const headsUnder = (policy: Policy | null, metagraph: Metagraph): readonly Head[] =>
  metagraph.neurons.map(({ uid, hotkey, validatorPermit }) => {
    const { required } = standingOf(policy, metagraph.netuid, hotkey, metagraph.block)
    const role = hotkey === metagraph.ownerHotkey ? 'owner' : validatorPermit ? 'validator' : 'miner'
    return { uid, hotkey, role, required, onS3: required.includes('s3') }
  })

export const countHeads = (heads: readonly Head[]): HeadCount => {
  const miners = heads.filter((head) => head.role === 'miner')
  return {
    miners: miners.length,
    minersOnS3: miners.filter((head) => head.onS3).length,
    hotkeys: heads.length,
    hotkeysOnS3: heads.filter((head) => head.onS3).length,
  }
}

/**
 * `3 of 10 registered hotkeys on S3 (30 %), 2 of 8 without a validator permit`. All hotkeys come first: in a small subnet
 * the chain gives a permit to everybody, so a permit does not tell who mines.
 */
export const countSentence = (count: HeadCount): string => {
  const share = count.hotkeys === 0 ? 0 : Math.round((count.hotkeysOnS3 / count.hotkeys) * 100)
  return (
    `${count.hotkeysOnS3} of ${count.hotkeys} registered hotkeys on S3 (${share} %), ` +
    `${count.minersOnS3} of ${count.miners} without a validator permit.`
  )
}

/** The same for --json. */
export const countJson = (count: HeadCount): Readonly<Record<string, number>> => ({
  hotkeys: count.hotkeys,
  hotkeys_on_s3: count.hotkeysOnS3,
  miners: count.miners,
  miners_on_s3: count.minersOnS3,
})

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
