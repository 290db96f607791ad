/** SelectiveMetagraph of SubnetInfoRuntimeApi: only the asked fields are filled (indexes as in spec 293). */
import type { Block } from '../block/block.ts'
import { bool, type Codec, compact, i128, option, struct, tuple, u128, u16, u64, u8, vec } from '../codec/codec.ts'
import { accountId } from '../codec/primitives.ts'
import { readEntry } from '../block/state.ts'
import {
  active,
  axonInfo,
  axons,
  blockAtRegistration,
  keys,
  lastUpdate,
  maxAllowedUids,
  networksAdded,
  owner,
  registeredAt,
  registrationAllowed,
  subnetOwner,
  subnetOwnerHotkey,
  subnetworkN,
  tempo,
  validatorPermit,
} from './subtensor.ts'

const num = option(compact(u16))
const big = option(compact(u64))
const text = option(vec(compact(u8)))
const flag = option(bool)
const flags = option(vec(bool))
const people = option(vec(accountId))
const nums = option(vec(compact(u16)))
const bigs = option(vec(compact(u64)))
const perHotkey = option(vec(tuple(accountId, compact(u64))))
const bytes = vec(u8)
const identity = struct('pallet_subtensor::pallet::SubnetIdentityV3', {
  subnet_name: bytes,
  github_repo: bytes,
  subnet_contact: bytes,
  subnet_url: bytes,
  discord: bytes,
  description: bytes,
  logo_url: bytes,
  additional: bytes,
})
const chainIdentity = struct('pallet_subtensor::pallet::ChainIdentityV2', {
  name: bytes,
  url: bytes,
  github_repo: bytes,
  image: bytes,
  discord: bytes,
  description: bytes,
  additional: bytes,
})
const fixedPoint = option(struct('substrate_fixed::FixedI128', { bits: i128 }))

const FIELDS: Readonly<Record<string, Codec<unknown>>> = {
  netuid: compact(u16),
  name: text,
  symbol: text,
  identity: option(option(identity)),
  network_registered_at: big,
  owner_hotkey: option(accountId),
  owner_coldkey: option(accountId),
  block: big,
  tempo: num,
  last_step: big,
  blocks_since_last_step: big,
  subnet_emission: big,
  alpha_in: big,
  alpha_out: big,
  tao_in: big,
  alpha_out_emission: big,
  alpha_in_emission: big,
  tao_in_emission: big,
  pending_alpha_emission: big,
  pending_root_emission: big,
  subnet_volume: option(compact(u128)),
  moving_price: fixedPoint,
  rho: num,
  kappa: num,
  min_allowed_weights: num,
  max_weights_limit: num,
  weights_version: big,
  weights_rate_limit: big,
  activity_cutoff: num,
  max_validators: num,
  num_uids: num,
  max_uids: num,
  burn: big,
  difficulty: big,
  registration_allowed: flag,
  pow_registration_allowed: flag,
  immunity_period: num,
  min_difficulty: big,
  max_difficulty: big,
  min_burn: big,
  max_burn: big,
  adjustment_alpha: big,
  adjustment_interval: num,
  target_regs_per_interval: num,
  max_regs_per_block: num,
  serving_rate_limit: big,
  commit_reveal_weights_enabled: flag,
  commit_reveal_period: big,
  liquid_alpha_enabled: flag,
  alpha_high: num,
  alpha_low: num,
  bonds_moving_avg: big,
  hotkeys: people,
  coldkeys: people,
  identities: option(vec(option(chainIdentity))),
  axons: option(vec(axonInfo)),
  active: flags,
  validator_permit: flags,
  pruning_score: nums,
  last_update: bigs,
  emission: bigs,
  dividends: nums,
  incentives: nums,
  consensus: nums,
  trust: nums,
  rank: nums,
  block_at_registration: bigs,
  alpha_stake: bigs,
  tao_stake: bigs,
  total_stake: bigs,
  tao_dividends_per_hotkey: perHotkey,
  alpha_dividends_per_hotkey: perHotkey,
  validators: nums,
}
export const selectiveMetagraph: Codec<Readonly<Record<string, unknown>>> = struct(
  'pallet_subtensor::rpc_info::metagraph::SelectiveMetagraph',
  FIELDS,
)

/** Null for a subnet that does not exist; asked fields this chain does not model stay None, as unasked ones do. */
export function readMetagraph(
  at: Block,
  netuid: number,
  indexes: readonly number[],
): Readonly<Record<string, unknown>> | null {
  const { state } = at
  if (readEntry(state, networksAdded, netuid) !== true) return null
  const size = readEntry(state, subnetworkN, netuid) ?? 0
  const all = <T>(read: (uid: number) => T): readonly T[] => Array.from({ length: size }, (_, uid) => read(uid))
  const hotkey = (uid: number): string => readEntry(state, keys, netuid, uid) ?? ''
  const noAxon = { block: 0n, version: 0, ip: 0n, port: 0, ip_type: 0, protocol: 0, placeholder1: 0, placeholder2: 0 }
  const known: Readonly<Record<string, () => unknown>> = {
    network_registered_at: () => readEntry(state, registeredAt, netuid),
    owner_hotkey: () => readEntry(state, subnetOwnerHotkey, netuid),
    owner_coldkey: () => readEntry(state, subnetOwner, netuid),
    block: () => BigInt(at.number),
    tempo: () => readEntry(state, tempo, netuid),
    num_uids: () => size,
    max_uids: () => readEntry(state, maxAllowedUids, netuid),
    registration_allowed: () => readEntry(state, registrationAllowed, netuid),
    hotkeys: () => all(hotkey),
    coldkeys: () => all((uid) => readEntry(state, owner, hotkey(uid))),
    axons: () => all((uid) => readEntry(state, axons, netuid, hotkey(uid)) ?? noAxon),
    active: () => readEntry(state, active, netuid),
    validator_permit: () => readEntry(state, validatorPermit, netuid),
    last_update: () => readEntry(state, lastUpdate, netuid),
    block_at_registration: () => all((uid) => readEntry(state, blockAtRegistration, netuid, uid)),
  }
  const asked = new Set(indexes)
  const values = Object.keys(FIELDS).map((name, index) => [name, asked.has(index) ? (known[name]?.() ?? null) : null])
  // As the real runtime does: even the netuid reads 0 unless its index 0 was asked for.
  return { ...Object.fromEntries(values), netuid: asked.has(0) ? netuid : 0 }
}
