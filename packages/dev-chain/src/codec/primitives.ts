/** Runtime types that several pallets share: paths, field order and indexes as in Subtensor spec 293. */
import { decodeAddress, encodeAddress } from '@polkadot/util-crypto'
import {
  byteVec,
  type Codec,
  compact,
  fixed,
  struct,
  type Tagged,
  tuple,
  u128,
  u16,
  u32,
  u64,
  u8,
  variant,
  type VariantList,
  vec,
  wrap,
} from './codec.ts'

/** Account ids are handled as ss58 addresses with the generic prefix 42. */
const accountBytes = fixed(32)
export const accountId: Codec<string> = {
  def: wrap('sp_core::crypto::AccountId32', accountBytes).def,
  write: (address, out) => accountBytes.write(decodeAddress(address), out),
  read: (input) => encodeAddress(accountBytes.read(input), 42),
}
export const h256: Codec<Uint8Array> = wrap('primitive_types::H256', fixed(32))
export const unit: Codec<readonly []> = tuple()
export const netuid: Codec<number> = u16

export const weight: Codec<{ readonly ref_time: bigint; readonly proof_size: bigint }> = struct(
  'sp_weights::weight_v2::Weight',
  { ref_time: compact(u64), proof_size: compact(u64) },
)

const unitVariants = (names: string): VariantList =>
  Object.fromEntries(names.split(' ').map((name, index) => [name, [index]]))
const flags = (path: string, names: string): Codec<Tagged> => variant(path, unitVariants(names))

export const dispatchClass: Codec<Tagged> = flags(
  'frame_support::dispatch::DispatchClass',
  'Normal Operational Mandatory',
)
const pays = flags('frame_support::dispatch::Pays', 'Yes No')
export const dispatchInfo: Codec<{
  readonly weight: { readonly ref_time: bigint; readonly proof_size: bigint }
  readonly class: Tagged
  readonly pays_fee: Tagged
}> = struct('frame_system::DispatchEventInfo', { weight, class: dispatchClass, pays_fee: pays })

const moduleError = struct('sp_runtime::ModuleError', { index: u8, error: fixed(4) })
const tokenError = flags(
  'sp_runtime::TokenError',
  'FundsUnavailable OnlyProvider BelowMinimum CannotCreate UnknownAsset Frozen Unsupported CannotCreateHold NotExpendable Blocked',
)
const trieError = flags(
  'sp_runtime::proving_trie::TrieError',
  'InvalidStateRoot IncompleteDatabase ValueAtIncompleteKey DecoderError InvalidHash DuplicateKey ExtraneousNode ExtraneousValue ExtraneousHashReference InvalidChildReference ValueMismatch IncompleteProof RootMismatch DecodeError',
)
export const dispatchError: Codec<Tagged> = variant('sp_runtime::DispatchError', {
  Other: [0],
  CannotLookup: [1],
  BadOrigin: [2],
  Module: [3, { 0: moduleError }],
  ConsumerRemaining: [4],
  NoProviders: [5],
  TooManyConsumers: [6],
  Token: [7, { 0: tokenError }],
  Arithmetic: [8, { 0: flags('sp_arithmetic::ArithmeticError', 'Underflow Overflow DivisionByZero') }],
  Transactional: [9, { 0: flags('sp_runtime::TransactionalError', 'LimitReached NoLayer') }],
  Exhausted: [10],
  Corruption: [11],
  Unavailable: [12],
  RootNotAllowed: [13],
  Trie: [14, { 0: trieError }],
})

export const multiAddress: Codec<Tagged> = variant(
  'sp_runtime::multiaddress::MultiAddress',
  {
    Id: [0, { 0: accountId }],
    Index: [1, { 0: { ...unit, def: { kind: 'compact', of: unit } } }],
    Raw: [2, { 0: byteVec() }],
    Address32: [3, { 0: fixed(32) }],
    Address20: [4, { 0: fixed(20) }],
  },
  { AccountId: accountId, AccountIndex: unit },
)

export const multiSignature: Codec<Tagged> = variant('sp_runtime::MultiSignature', {
  Ed25519: [0, { 0: fixed(64) }],
  Sr25519: [1, { 0: fixed(64) }],
  Ecdsa: [2, { 0: fixed(65) }],
})

const mortal = Object.fromEntries(
  Array.from({ length: 255 }, (_, index) => [`Mortal${index + 1}`, [index + 1, { 0: u8 }] as const]),
)
export const era: Codec<Tagged> = variant('sp_runtime::generic::era::Era', { Immortal: [0], ...mortal })

const engine = { 0: fixed(4), 1: byteVec() }
export const digestItem: Codec<Tagged> = variant('sp_runtime::generic::digest::DigestItem', {
  PreRuntime: [6, engine],
  Consensus: [4, engine],
  Seal: [5, engine],
  Other: [0, { 0: byteVec() }],
  RuntimeEnvironmentUpdated: [8],
})
export const digest: Codec<{ readonly logs: readonly Tagged[] }> = struct('sp_runtime::generic::digest::Digest', {
  logs: vec(digestItem),
})

export const accountData: Codec<AccountData> = struct(
  'pallet_balances::types::AccountData',
  {
    free: u64,
    reserved: u64,
    frozen: u64,
    flags: wrap('pallet_balances::types::ExtraFlags', u128),
  },
  { Balance: u64 },
)
export interface AccountData {
  readonly free: bigint
  readonly reserved: bigint
  readonly frozen: bigint
  readonly flags: bigint
}
export const accountInfo: Codec<AccountInfo> = struct(
  'frame_system::AccountInfo',
  { nonce: u32, consumers: u32, providers: u32, sufficients: u32, data: accountData },
  { Nonce: u32, AccountData: accountData },
)
export interface AccountInfo {
  readonly nonce: number
  readonly consumers: number
  readonly providers: number
  readonly sufficients: number
  readonly data: AccountData
}
