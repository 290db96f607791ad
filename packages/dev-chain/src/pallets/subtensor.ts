/** The part of pallet-subtensor and pallet-admin-utils that clients of commitments read (spec 293). */
import { bool, type Codec, struct, type Tagged, u128, u16, u32, u64, u8, variant, vec } from '../codec/codec.ts'
import { createEntry, type Entry, type Pallet } from './pallet.ts'
import { accountId, netuid } from '../codec/primitives.ts'

export interface AxonInfo {
  readonly block: bigint
  readonly version: number
  readonly ip: bigint
  readonly port: number
  readonly ip_type: number
  readonly protocol: number
  readonly placeholder1: number
  readonly placeholder2: number
}
export const axonInfo: Codec<AxonInfo> = struct('pallet_subtensor::pallet::AxonInfo', {
  block: u64,
  version: u32,
  ip: u128,
  port: u16,
  ip_type: u8,
  protocol: u8,
  placeholder1: u8,
  placeholder2: u8,
})

/** What an unset account value reads as: 32 zero bytes in ss58. */
const NOBODY = '5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM'

const entry = createEntry('SubtensorModule')
const perNet = ['Identity'] as const
const uidKeys = ['Identity', 'Identity'] as const
const hotkeyOfNet = ['Identity', 'Blake2_128Concat'] as const

type Net<V> = Entry<[number], V>
type NetUid<V> = Entry<[number, number], V>
type NetHotkey<V> = Entry<[number, string], V>
type Account<V> = Entry<[string], V>

export const networksAdded: Net<boolean> = entry('NetworksAdded', perNet, [netuid], bool, false)
export const registrationAllowed: Net<boolean> = entry('NetworkRegistrationAllowed', perNet, [netuid], bool, true)
export const registeredAt: Net<bigint> = entry('NetworkRegisteredAt', perNet, [netuid], u64, 0n)
export const subnetOwner: Net<string> = entry('SubnetOwner', perNet, [netuid], accountId, NOBODY)
export const subnetOwnerHotkey: Net<string> = entry('SubnetOwnerHotkey', perNet, [netuid], accountId, NOBODY)
export const subnetworkN: Net<number> = entry('SubnetworkN', perNet, [netuid], u16, 0)
export const maxAllowedUids: Net<number> = entry('MaxAllowedUids', perNet, [netuid], u16, 4096)
export const tempo: Net<number> = entry('Tempo', perNet, [netuid], u16, 10)
export const mechanism: Net<number> = entry('SubnetMechanism', perNet, [netuid], u16, 0)
export const active: Net<readonly boolean[]> = entry('Active', perNet, [netuid], vec(bool), [])
export const validatorPermit: Net<readonly boolean[]> = entry('ValidatorPermit', perNet, [netuid], vec(bool), [])
export const lastUpdate: Net<readonly bigint[]> = entry('LastUpdate', perNet, [netuid], vec(u64), [])
export const keys: NetUid<string> = entry('Keys', uidKeys, [netuid, u16], accountId, NOBODY)
export const blockAtRegistration: NetUid<bigint> = entry('BlockAtRegistration', uidKeys, [netuid, u16], u64, 0n)
export const uids: NetHotkey<number> = entry('Uids', hotkeyOfNet, [netuid, accountId], u16, null)
export const axons: NetHotkey<AxonInfo> = entry('Axons', hotkeyOfNet, [netuid, accountId], axonInfo, null)
export const isNetworkMember: Entry<[string, number], boolean> = entry(
  'IsNetworkMember',
  ['Blake2_128Concat', 'Identity'],
  [accountId, netuid],
  bool,
  false,
)
export const totalHotkeyAlpha: Entry<[string, number], bigint> = entry(
  'TotalHotkeyAlpha',
  ['Blake2_128Concat', 'Identity'],
  [accountId, netuid],
  u64,
  0n,
)
export const owner: Account<string> = entry('Owner', ['Blake2_128Concat'], [accountId], accountId, NOBODY)
export const ownedHotkeys: Account<readonly string[]> = entry(
  'OwnedHotkeys',
  ['Blake2_128Concat'],
  [accountId],
  vec(accountId),
  [],
)
const rateLimitKey = variant('pallet_subtensor::RateLimitKey', { SetSNOwnerHotkey: [0, { 0: netuid }] })
/** Block at which a rate-limited action last happened. */
export const lastRateLimitedBlock: Entry<[Tagged], bigint> = entry(
  'LastRateLimitedBlock',
  ['Identity'],
  [rateLimitKey],
  u64,
  0n,
)
export const totalNetworks: Entry<[], number> = entry('TotalNetworks', [], [], u16, 0)

export const subtensorPallet: Pallet = {
  name: 'SubtensorModule',
  crate: 'pallet_subtensor',
  index: 7,
  storage: [
    owner,
    ownedHotkeys,
    totalHotkeyAlpha,
    totalNetworks,
    lastRateLimitedBlock,
    tempo,
    mechanism,
    subnetworkN,
    networksAdded,
    isNetworkMember,
    registrationAllowed,
    registeredAt,
    subnetOwner,
    subnetOwnerHotkey,
    maxAllowedUids,
    uids,
    keys,
    active,
    lastUpdate,
    validatorPermit,
    blockAtRegistration,
    axons,
  ],
  calls: null,
  events: { AxonServed: [28, { 0: netuid, 1: accountId }], SubnetOwnerHotkeySet: [87, { 0: netuid, 1: accountId }] },
  errors: {
    SubNetworkDoesNotExist: 0,
    RootNetworkDoesNotExist: 1,
    HotKeyNotRegisteredInSubNet: 5,
    TxRateLimitExceeded: 67,
  },
  constants: [],
}

const adminShell: Pallet = {
  name: 'AdminUtils',
  crate: 'pallet_admin_utils',
  index: 19,
  storage: [],
  calls: null,
  events: null,
  errors: { SubnetDoesNotExist: 0 },
  constants: [],
}

/** Spec 218 has no call yet that changes the owner's hotkey. */
export function adminPallet(old: boolean): Pallet {
  return old ? adminShell : { ...adminShell, calls: { sudo_set_sn_owner_hotkey: [67, { netuid, hotkey: accountId }] } }
}
