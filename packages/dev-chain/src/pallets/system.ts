/** The pallets every Substrate chain has: System, Timestamp, Balances, TransactionPayment (as in spec 293). */
import { byteVec, type Codec, compact, type Tagged, u16, u128, u32, u64, u8, vec, wrap } from '../codec/codec.ts'
import { systemConstants } from './limits.ts'
import { createEntry, type Entry, type Pallet } from './pallet.ts'
import {
  accountData,
  accountId,
  type AccountInfo,
  accountInfo,
  digest,
  dispatchError,
  dispatchInfo,
  h256,
  multiAddress,
} from '../codec/primitives.ts'

const entry = createEntry('System')
const noHash = new Uint8Array(32)
const noFunds = { free: 0n, reserved: 0n, frozen: 0n, flags: 1n << 127n }
const noAccount = { nonce: 0, consumers: 0, providers: 0, sufficients: 0, data: noFunds }

export const account: Entry<[string], AccountInfo> = entry(
  'Account',
  ['Blake2_128Concat'],
  [accountId],
  accountInfo,
  noAccount,
)
export const blockHash: Entry<[number], Uint8Array> = entry('BlockHash', ['Twox64Concat'], [u32], h256, noHash)
export const blockNumber: Entry<[], number> = entry('Number', [], [], u32, 0)
export const parentHash: Entry<[], Uint8Array> = entry('ParentHash', [], [], h256, noHash)
export const eventCount: Entry<[], number> = entry('EventCount', [], [], u32, 0)
const digestEntry: Entry<[], { readonly logs: readonly Tagged[] }> = entry('Digest', [], [], digest, { logs: [] })

export interface EventRecord {
  readonly phase: Tagged
  readonly event: Tagged
  readonly topics: readonly Uint8Array[]
}
/** System.Events; its type names the outer event enum, which exists only once all pallets are known. */
export function eventsEntry(record: Codec<EventRecord>): Entry<[], readonly EventRecord[]> {
  return entry('Events', [], [], vec(record), [])
}

export function systemPallet(
  specVersion: number,
  apis: readonly (readonly [Uint8Array, number])[],
  events: Entry<[], readonly EventRecord[]> | null,
): Pallet {
  return {
    name: 'System',
    crate: 'frame_system',
    index: 0,
    storage: [account, blockHash, blockNumber, parentHash, digestEntry, ...(events ? [events] : []), eventCount],
    calls: { remark: [0, { remark: byteVec() }], remark_with_event: [7, { remark: byteVec() }] },
    events: {
      ExtrinsicSuccess: [0, { dispatch_info: dispatchInfo }],
      ExtrinsicFailed: [1, { dispatch_error: dispatchError, dispatch_info: dispatchInfo }],
      NewAccount: [3, { account: accountId }],
      Remarked: [5, { sender: accountId, hash: h256 }],
    },
    errors: {
      InvalidSpecName: 0,
      SpecVersionNeedsToIncrease: 1,
      FailedToExtractRuntimeVersion: 2,
      NonDefaultComposite: 3,
      NonZeroRefCount: 4,
      CallFiltered: 5,
    },
    constants: [...systemConstants(specVersion, apis), { name: 'SS58Prefix', type: u16, value: 42 }],
  }
}

/** Unix ms of the block. */
export const timestampNow: Entry<[], bigint> = createEntry('Timestamp')('Now', [], [], u64, 0n)
export const timestampPallet: Pallet = {
  name: 'Timestamp',
  crate: 'pallet_timestamp',
  index: 2,
  storage: [timestampNow],
  calls: { set: [0, { now: compact(u64) }] },
  events: null,
  errors: null,
  constants: [{ name: 'MinimumPeriod', type: u64, value: 500n }],
}

const balances = createEntry('Balances')
/** Smallest balance an account may hold, in rao. */
export const EXISTENTIAL_DEPOSIT = 500n
export const balancesPallet: Pallet = {
  name: 'Balances',
  crate: 'pallet_balances',
  index: 5,
  storage: [
    balances('TotalIssuance', [], [], u64, 0n),
    balances('Account', ['Blake2_128Concat'], [accountId], accountData, noFunds),
  ],
  calls: { transfer_keep_alive: [3, { dest: multiAddress, value: compact(u64) }] },
  events: {
    Endowed: [0, { account: accountId, free_balance: u64 }],
    Transfer: [2, { from: accountId, to: accountId, amount: u64 }],
    Deposit: [7, { who: accountId, amount: u64 }],
    Withdraw: [8, { who: accountId, amount: u64 }],
  },
  errors: {
    VestingBalance: 0,
    LiquidityRestrictions: 1,
    InsufficientBalance: 2,
    ExistentialDeposit: 3,
    Expendability: 4,
  },
  constants: [{ name: 'ExistentialDeposit', type: u64, value: EXISTENTIAL_DEPOSIT }],
}

const fixedU128 = wrap('sp_arithmetic::fixed_point::FixedU128', u128)
export const paymentPallet: Pallet = {
  name: 'TransactionPayment',
  crate: 'pallet_transaction_payment',
  index: 6,
  storage: [createEntry('TransactionPayment')('NextFeeMultiplier', [], [], fixedU128, 10n ** 18n)],
  calls: null,
  events: { TransactionFeePaid: [0, { who: accountId, actual_fee: u64, tip: u64 }] },
  errors: null,
  constants: [{ name: 'OperationalFeeMultiplier', type: u8, value: 5 }],
}
