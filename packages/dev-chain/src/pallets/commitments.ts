/** pallet-commitments: its types, storage, call, events and errors (reference: Subtensor pallets/commitments). */
import {
  byteVec,
  type Codec,
  fixed,
  struct,
  type Tagged,
  tuple,
  u16,
  u32,
  u64,
  variant,
  type VariantList,
  vec,
  wrap,
} from '../codec/codec.ts'
import { createEntry, type Entry, type Pallet } from './pallet.ts'
import { accountId, netuid } from '../codec/primitives.ts'
import type { RuntimeKind } from './runtime-kind.ts'

/** Blocks between two commitments of one hotkey under the old runtime. */
export const RATE_LIMIT = 100

const raw: VariantList = Object.fromEntries(
  Array.from({ length: 129 }, (_, size) => [`Raw${size}`, [size + 1, { 0: fixed(size) }] as const]),
)
const hashes: VariantList = {
  BlakeTwo256: [130, { 0: fixed(32) }],
  Sha256: [131, { 0: fixed(32) }],
  Keccak256: [132, { 0: fixed(32) }],
  ShaThree256: [133, { 0: fixed(32) }],
}
const recent: VariantList = {
  TimelockEncrypted: [134, { encrypted: bounded(byteVec(1024)), reveal_round: u64 }],
  ResetBondsFlag: [135],
  BigRaw: [136, { 0: bounded(byteVec(512)) }],
}

function bounded<T>(of: Codec<T>): Codec<T> {
  return wrap('bounded_collections::bounded_vec::BoundedVec', of, {
    T: of.def.kind === 'sequence' ? of.def.of : null,
    S: null,
  })
}

interface Registration {
  readonly deposit: bigint
  readonly block: number
  readonly info: { readonly fields: readonly Tagged[] }
}
export interface Commitments {
  readonly pallet: Pallet
  readonly maxFields: number
  readonly commitmentOf: Entry<[number, string], Registration>
  readonly lastCommitment: Entry<[number, string], number>
  readonly lastBondsReset: Entry<[number, string], number>
  readonly usedSpaceOf: Entry<[number, string], { readonly last_epoch: bigint; readonly used_space: bigint }>
  readonly timelockedIndex: Entry<[], readonly (readonly [number, string])[]>
  readonly maxSpace: Entry<[], number>
}

export function describeCommitments(kind: RuntimeKind): Commitments {
  const old = kind === 'old'
  const maxFields = old ? 1 : 3
  const data = variant('pallet_commitments::types::Data', { None: [0], ...raw, ...hashes, ...(old ? {} : recent) })
  const info = struct(
    'pallet_commitments::types::CommitmentInfo',
    { fields: bounded(vec(data, maxFields)) },
    { FieldLimit: null },
  )
  const registration = struct(
    'pallet_commitments::types::Registration',
    { deposit: u64, block: u32, info },
    { Balance: u64, MaxFields: null, BlockNumber: u32 },
  )
  const usage = struct('pallet_commitments::types::UsageTracker', { last_epoch: u64, used_space: u64 })
  const member = tuple(u16, accountId)
  const index = wrap('BTreeSet', vec(member), { T: member })
  const reveals = vec(tuple(byteVec(), u64))
  const entry = createEntry('Commitments')
  const keys = ['Identity', 'Twox64Concat'] as const
  const both = [netuid, accountId] as const

  const commitmentOf = entry('CommitmentOf', keys, both, registration, null)
  const lastCommitment = entry('LastCommitment', keys, both, u32, null)
  const lastBondsReset = entry('LastBondsReset', keys, both, u32, null)
  const revealed = entry('RevealedCommitments', keys, both, reveals, null)
  const usedSpaceOf = entry('UsedSpaceOf', keys, both, usage, null)
  const timelockedIndex = entry('TimelockedIndex', [], [], index, [])
  const maxSpace = entry('MaxSpace', [], [], u32, 3100)
  const who = { netuid, who: accountId }
  const errors: Readonly<Record<string, number>> = {
    TooManyFieldsInCommitmentInfo: 0,
    AccountNotAllowedCommit: 1,
    ...(old ? { CommitmentSetRateLimitExceeded: 2 } : { SpaceLimitExceeded: 2, UnexpectedUnreserveLeftover: 3 }),
  }
  const calls: VariantList = { set_commitment: [0, { netuid, info }] }
  const events: VariantList = { Commitment: [0, who] }
  return {
    maxFields,
    commitmentOf,
    lastCommitment,
    lastBondsReset,
    usedSpaceOf,
    timelockedIndex,
    maxSpace,
    pallet: {
      name: 'Commitments',
      crate: 'pallet_commitments',
      index: 18,
      storage: old
        ? [commitmentOf, lastCommitment]
        : [timelockedIndex, commitmentOf, lastCommitment, lastBondsReset, revealed, usedSpaceOf, maxSpace],
      calls: old
        ? calls
        : { ...calls, set_rate_limit: [1, { rate_limit_blocks: u32 }], set_max_space: [2, { new_limit: u32 }] },
      events: old
        ? events
        : {
            ...events,
            TimelockCommitment: [1, { ...who, reveal_round: u64 }],
            CommitmentRevealed: [2, who],
          },
      errors,
      constants: [
        { name: 'MaxFields', type: u32, value: maxFields },
        { name: 'InitialDeposit', type: u64, value: 0n },
        { name: 'FieldDeposit', type: u64, value: 0n },
        ...(old ? [{ name: 'RateLimit', type: u32, value: RATE_LIMIT }] : []),
      ],
    },
  }
}
