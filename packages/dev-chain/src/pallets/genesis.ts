/** The first state: one subnet with its owner, validators and miners, and a few funded coldkeys. */
import { developmentKeys } from '../keys.ts'
import { account } from './system.ts'
import { type Changes, createDraft, type Draft } from '../block/state.ts'
import * as subtensor from './subtensor.ts'

export interface Neuron {
  readonly uid: number
  readonly role: 'owner' | 'validator' | 'miner'
  /** Key URI of the hotkey, e.g. `//Miner//0`. */
  readonly uri: string
  readonly hotkey: string
  readonly coldkeyUri: string
  readonly coldkey: string
  readonly permit: boolean
}
export interface CastOptions {
  readonly netuid: number
  readonly validators: number
  readonly miners: number
  readonly tempo: number
}

/** 1,000 TAO. */
const FUNDS = 1_000_000_000_000n
const FUNDED = ['//Alice', '//Bob', '//Charlie', '//Alice//hot', '//Stranger']

/** Who is registered, by uid: the owner first, then validators, then miners. */
export async function createCast({
  validators,
  miners,
}: Pick<CastOptions, 'validators' | 'miners'>): Promise<readonly Neuron[]> {
  const { addressOf } = await developmentKeys()
  const validator = (index: number) => {
    const cold = index === 0 ? '//Bob' : `//Bob//${index}`
    return { role: 'validator', cold, hot: `${cold}//hot` } as const
  }
  const cast = [
    { role: 'owner', cold: '//Alice', hot: '//Alice//hot' } as const,
    ...Array.from({ length: validators }, (_, index) => validator(index)),
    ...Array.from(
      { length: miners },
      (_, index) => ({ role: 'miner', cold: '//Charlie', hot: `//Miner//${index}` }) as const,
    ),
  ]
  return cast.map(({ role, cold, hot }, uid) => ({
    uid,
    role,
    uri: hot,
    hotkey: addressOf(hot),
    coldkeyUri: cold,
    coldkey: addressOf(cold),
    permit: role === 'validator',
  }))
}

export async function createGenesis(cast: readonly Neuron[], options: CastOptions): Promise<Changes> {
  const { addressOf } = await developmentKeys()
  const draft = createDraft({ raw: () => null })
  const { netuid } = options
  const head = cast[0]
  if (!head) throw new RangeError('a subnet has at least its owner')
  draft.set(subtensor.networksAdded, [netuid], true)
  draft.set(subtensor.registrationAllowed, [netuid], true)
  draft.set(subtensor.registeredAt, [netuid], 0n)
  draft.set(subtensor.subnetOwner, [netuid], head.coldkey)
  draft.set(subtensor.subnetOwnerHotkey, [netuid], head.hotkey)
  draft.set(subtensor.subnetworkN, [netuid], cast.length)
  draft.set(subtensor.maxAllowedUids, [netuid], Math.max(256, cast.length))
  draft.set(subtensor.tempo, [netuid], options.tempo)
  draft.set(subtensor.mechanism, [netuid], 1)
  draft.set(subtensor.totalNetworks, [], 2)
  draft.set(
    subtensor.active,
    [netuid],
    cast.map(() => true),
  )
  draft.set(
    subtensor.validatorPermit,
    [netuid],
    cast.map((who) => who.permit),
  )
  draft.set(
    subtensor.lastUpdate,
    [netuid],
    cast.map(() => 0n),
  )
  for (const who of cast) register(draft, netuid, who)
  for (const coldkey of new Set(cast.map((who) => who.coldkey))) {
    const hotkeys = cast.filter((who) => who.coldkey === coldkey).map((who) => who.hotkey)
    draft.set(subtensor.ownedHotkeys, [coldkey], hotkeys)
  }
  for (const uri of FUNDED) {
    draft.set(account, [addressOf(uri)], {
      nonce: 0,
      consumers: 0,
      providers: 1,
      sufficients: 0,
      data: { free: FUNDS, reserved: 0n, frozen: 0n, flags: 1n << 127n },
    })
  }
  return draft.changes
}

function register(draft: Draft, netuid: number, who: Neuron): void {
  const { uid, hotkey, coldkey } = who
  draft.set(subtensor.keys, [netuid, uid], hotkey)
  draft.set(subtensor.uids, [netuid, hotkey], uid)
  draft.set(subtensor.isNetworkMember, [hotkey, netuid], true)
  draft.set(subtensor.blockAtRegistration, [netuid, uid], 0n)
  draft.set(subtensor.owner, [hotkey], coldkey)
  const axon = {
    block: 0n,
    version: 1,
    ip: 0x7f000001n,
    port: 8091,
    ip_type: 4,
    protocol: 4,
    placeholder1: 0,
    placeholder2: 0,
  }
  draft.set(subtensor.axons, [netuid, hotkey], axon)
  if (who.permit) draft.set(subtensor.totalHotkeyAlpha, [hotkey, netuid], 5_000_000_000_000n)
}
