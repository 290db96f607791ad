import { z } from 'zod'
import { ChainError } from '../errors.ts'
import type { Metagraph } from './neuron.ts'

/** The asked-for members of `SelectiveMetagraph` as JSON; the others are null. */
const selective = z.object({
  ownerHotkey: z.string(),
  ownerColdkey: z.string(),
  hotkeys: z.array(z.string()),
  coldkeys: z.array(z.string()),
  validatorPermit: z.array(z.boolean()),
  /** In rao; a number, or hex where it is too large for one. */
  totalStake: z.array(z.union([z.number(), z.string()])).nullish(),
})

/** Neurons and owners from a decoded `Option<SelectiveMetagraph>`. @throws ChainError NO_SUBNET, PROTOCOL */
export function readSelective(value: unknown): Pick<Metagraph, 'ownerHotkey' | 'ownerColdkey' | 'neurons'> {
  if (value === null) {
    throw new ChainError('NO_SUBNET', 'This subnet does not exist on this chain; check the netuid and the network.')
  }
  const parsed = selective.safeParse(value)
  if (!parsed.success || parsed.data.coldkeys.length !== parsed.data.hotkeys.length) {
    throw new ChainError('PROTOCOL', 'The selective metagraph lacks owners, hotkeys, coldkeys or permits.', {
      cause: parsed.error,
    })
  }
  const { hotkeys, coldkeys, validatorPermit, totalStake, ownerHotkey, ownerColdkey } = parsed.data
  return {
    ownerHotkey,
    ownerColdkey,
    neurons: hotkeys.map((hotkey, uid) => ({
      uid,
      hotkey,
      coldkey: coldkeys[uid] ?? null,
      validatorPermit: validatorPermit[uid] === true,
      stake: totalStake?.[uid] === undefined ? null : BigInt(totalStake[uid]),
    })),
  }
}
