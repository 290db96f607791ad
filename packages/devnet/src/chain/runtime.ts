/** Puts the pallets together: outer call, event and error enums, and the extrinsic's envelope. */
import {
  byteVec,
  type Codec,
  compact,
  encode,
  option,
  struct,
  type Tagged,
  u128,
  u16,
  u32,
  u64,
  u8,
  variant,
  type VariantList,
  vec,
} from './codec.ts'
import { type Commitments, describeCommitments, type RuntimeKind } from './commitments.ts'
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
  weight,
} from './primitives.ts'
import { adminPallet, subtensorPallet } from './subtensor.ts'

export interface EventRecord {
  readonly phase: Tagged
  readonly event: Tagged
  readonly topics: readonly Uint8Array[]
}
export interface Runtime {
  readonly kind: RuntimeKind
  readonly specVersion: number
  readonly pallets: readonly Pallet[]
  readonly commitments: Commitments
  readonly call: Codec<Tagged>
  readonly event: Codec<Tagged>
  readonly error: Codec<Tagged>
  readonly events: Entry<[], readonly EventRecord[]>
}

const system = createEntry('System')
const noHash = new Uint8Array(32)
const emptyAccount: AccountInfo = {
  nonce: 0,
  consumers: 0,
  providers: 0,
  sufficients: 0,
  data: { free: 0n, reserved: 0n, frozen: 0n, flags: 1n << 127n },
}
export const account: Entry<[string], AccountInfo> = system(
  'Account',
  ['Blake2_128Concat'],
  [accountId],
  accountInfo,
  { ...emptyAccount, data: { ...emptyAccount.data, flags: 0n } },
)
export const blockHash: Entry<[number], Uint8Array> = system('BlockHash', ['Twox64Concat'], [u32], h256, noHash)
export const blockNumber: Entry<[], number> = system('Number', [], [], u32, 0)
export const parentHash: Entry<[], Uint8Array> = system('ParentHash', [], [], h256, noHash)
export const eventCount: Entry<[], number> = system('EventCount', [], [], u32, 0)
const digestEntry = system('Digest', [], [], digest, { logs: [] })
export const timestampNow: Entry<[], bigint> = createEntry('Timestamp')('Now', [], [], u64, 0n)
const feeMultiplier = createEntry('TransactionPayment')('NextFeeMultiplier', [], [], u128, 10n ** 18n)
const totalIssuance = createEntry('Balances')('TotalIssuance', [], [], u64, 0n)
const balancesAccount = createEntry('Balances')('Account', ['Blake2_128Concat'], [accountId], accountData, {
  free: 0n,
  reserved: 0n,
  frozen: 0n,
  flags: 0n,
})

const weightsPerClass = struct('frame_system::limits::WeightsPerClass', {
  base_extrinsic: weight,
  max_extrinsic: option(weight),
  max_total: option(weight),
  reserved: option(weight),
})
const perClass = <T>(of: Codec<T>): Codec<{ normal: T; operational: T; mandatory: T }> =>
  struct('frame_support::dispatch::PerDispatchClass', { normal: of, operational: of, mandatory: of }, { T: of })
const blockWeights = struct('frame_system::limits::BlockWeights', {
  base_block: weight,
  max_block: weight,
  per_class: perClass(weightsPerClass),
})
const some = (ref: bigint): { ref_time: bigint; proof_size: bigint } => ({ ref_time: ref, proof_size: 2n ** 64n - 1n })
const classWeight = {
  base_extrinsic: { ref_time: 108_157_000n, proof_size: 0n },
  max_extrinsic: some(2_600_000_000_000n),
  max_total: some(3_000_000_000_000n),
  reserved: { ref_time: 0n, proof_size: 0n },
}
const version = struct('sp_version::RuntimeVersion', {
  spec_name: byteVec(),
  impl_name: byteVec(),
  authoring_version: u32,
  spec_version: u32,
  impl_version: u32,
  apis: vec(u8),
  transaction_version: u32,
  system_version: u8,
})

function systemPallet(specVersion: number, events: Runtime['events']): Pallet {
  const name = new TextEncoder().encode('node-subtensor')
  return {
    name: 'System',
    crate: 'frame_system',
    index: 0,
    storage: [account, blockHash, blockNumber, parentHash, digestEntry, events, eventCount],
    calls: { remark: [0, { remark: byteVec() }], remark_with_event: [7, { remark: byteVec() }] },
    events: {
      ExtrinsicSuccess: [0, { dispatch_info: dispatchInfo }],
      ExtrinsicFailed: [1, { dispatch_error: dispatchError, dispatch_info: dispatchInfo }],
      NewAccount: [3, { account: accountId }],
      Remarked: [5, { sender: accountId, hash: h256 }],
    },
    errors: [
      'InvalidSpecName',
      'SpecVersionNeedsToIncrease',
      'FailedToExtractRuntimeVersion',
      'NonDefaultComposite',
      'NonZeroRefCount',
      'CallFiltered',
    ],
    constants: [
      {
        name: 'BlockWeights',
        type: blockWeights,
        value: {
          base_block: { ref_time: 431_614_000n, proof_size: 0n },
          max_block: some(4_000_000_000_000n),
          per_class: { normal: classWeight, operational: classWeight, mandatory: classWeight },
        },
      },
      {
        name: 'BlockLength',
        type: struct('frame_system::limits::BlockLength', { max: perClass(u32) }),
        value: { max: { normal: 7_864_320, operational: 10_485_760, mandatory: 10_485_760 } },
      },
      { name: 'BlockHashCount', type: u32, value: 2400 },
      {
        name: 'Version',
        type: version,
        value: {
          spec_name: name,
          impl_name: name,
          authoring_version: 1,
          spec_version: specVersion,
          impl_version: 1,
          apis: [],
          transaction_version: 1,
          system_version: 1,
        },
      },
      { name: 'SS58Prefix', type: u16, value: 42 },
    ],
  }
}

const timestampPallet: Pallet = {
  name: 'Timestamp',
  crate: 'pallet_timestamp',
  index: 2,
  storage: [timestampNow],
  calls: { set: [0, { now: compact(u64) }] },
  events: null,
  errors: null,
  constants: [{ name: 'MinimumPeriod', type: u64, value: 500n }],
}
const transfer = { dest: multiAddress, value: compact(u64) }
const balancesPallet: Pallet = {
  name: 'Balances',
  crate: 'pallet_balances',
  index: 5,
  storage: [totalIssuance, balancesAccount],
  calls: { transfer_allow_death: [0, transfer], transfer_keep_alive: [3, transfer] },
  events: {
    Endowed: [0, { account: accountId, free_balance: u64 }],
    Transfer: [2, { from: accountId, to: accountId, amount: u64 }],
    Withdraw: [8, { who: accountId, amount: u64 }],
  },
  errors: ['VestingBalance', 'LiquidityRestrictions', 'InsufficientBalance', 'ExistentialDeposit', 'Expendability'],
  constants: [{ name: 'ExistentialDeposit', type: u64, value: 500n }],
}
const paymentPallet: Pallet = {
  name: 'TransactionPayment',
  crate: 'pallet_transaction_payment',
  index: 6,
  storage: [feeMultiplier],
  calls: null,
  events: { TransactionFeePaid: [0, { who: accountId, actual_fee: u64, tip: u64 }] },
  errors: null,
  constants: [{ name: 'OperationalFeeMultiplier', type: u8, value: 5 }],
}

const errorVariants = (names: readonly string[]): VariantList =>
  Object.fromEntries(names.map((name, index) => [name, [index]]))

/** The `Call`, `Event` or `Error` enum of every pallet, and the outer enum that holds them by pallet index. */
function outer(part: 'Call' | 'Event' | 'Error', pallets: readonly Pallet[]): Codec<Tagged> {
  const list: Record<string, readonly [number, Record<string, Codec<unknown>>]> = {}
  for (const pallet of pallets) {
    const variants =
      part === 'Call' ? pallet.calls : part === 'Event' ? pallet.events : pallet.errors && errorVariants(pallet.errors)
    if (variants) {
      list[pallet.name] = [pallet.index, { 0: variant(`${pallet.crate}::pallet::${part}`, variants, { T: null }) }]
    }
  }
  return variant(`node_subtensor_runtime::Runtime${part}`, list)
}

export function createRuntime(kind: RuntimeKind): Runtime {
  const specVersion = kind === 'old' ? 218 : 293
  const commitments = describeCommitments(kind)
  const rest = [timestampPallet, balancesPallet, paymentPallet, subtensorPallet, commitments.pallet, adminPallet]
  const shell = systemPallet(specVersion, system('Events', [], [], vec(u8), []) as unknown as Runtime['events'])
  const event = outer('Event', [shell, ...rest])
  const phase = variant('frame_system::Phase', { ApplyExtrinsic: [0, { 0: u32 }], Finalization: [1], Initialization: [2] })
  const record = struct('frame_system::EventRecord', { phase, event, topics: vec(h256) }, { E: event, T: h256 })
  const events: Runtime['events'] = system('Events', [], [], vec(record), [])
  const pallets = [systemPallet(specVersion, events), ...rest]
  return {
    kind,
    specVersion,
    pallets,
    commitments,
    call: outer('Call', pallets),
    event,
    error: outer('Error', pallets),
    events,
  }
}
