/** What calls do to the state: the rules of pallet-commitments, balances and the owner's hotkey change. */
import { blake2AsU8a } from '@polkadot/util-crypto'
import type { Tagged } from '../codec/codec.ts'
import { RATE_LIMIT } from '../pallets/commitments.ts'
import { callName } from './fees.ts'
import type { Runtime } from '../pallets/runtime.ts'
import { type Draft, readEntry } from './state.ts'
import {
  lastRateLimitedBlock,
  networksAdded,
  subnetOwner,
  subnetOwnerHotkey,
  tempo,
  uids,
} from '../pallets/subtensor.ts'
import { account, blockNumber, EXISTENTIAL_DEPOSIT } from '../pallets/system.ts'

/** A dispatch error, as the runtime stores it in ExtrinsicFailed. */
export class DispatchFailure extends Error {
  override readonly name = 'DispatchFailure'
  readonly error: Tagged
  constructor(error: Tagged, message: string) {
    super(message)
    this.error = error
  }
}
export type EmitEvent = (pallet: string, name: string, values: readonly unknown[]) => void

const MIN_COMMITMENT_SPACE = 100n
/** Blocks between two changes of the owner's hotkey. */
const OWNER_HOTKEY_BLOCKS = 50_400n

function moduleFailure(runtime: Runtime, pallet: string, name: string): DispatchFailure {
  const found = runtime.pallets.find((one) => one.name === pallet)
  const index = found?.errors?.[name]
  if (!found || index === undefined) throw new RangeError(`${pallet} declares no error ${name}`)
  const error = { index: found.index, error: Uint8Array.of(index, 0, 0, 0) }
  return new DispatchFailure({ type: 'Module', values: [error] }, `${pallet}.${name}`)
}
const failure = (type: string, detail?: string): DispatchFailure =>
  new DispatchFailure({ type, values: detail ? [{ type: detail, values: [] }] : [] }, detail ?? type)
const badOrigin = (): DispatchFailure => failure('BadOrigin')

/** Runs one call for `who`. Throws DispatchFailure; the caller discards the draft then. */
export function dispatch(runtime: Runtime, draft: Draft, who: string, call: Tagged, emit: EmitEvent): void {
  const inner = call.values[0] as Tagged
  const fail = (name: string): DispatchFailure => moduleFailure(runtime, call.type, name)
  switch (callName(call)) {
    case 'System.remark':
      return
    case 'System.remark_with_event':
      emit('System', 'Remarked', [who, blake2AsU8a(inner.values[0] as Uint8Array, 256)])
      return
    case 'Balances.transfer_keep_alive':
      transfer(draft, who, inner, emit)
      return
    case 'Commitments.set_commitment': {
      const [netuid, info] = inner.values as [number, { readonly fields: readonly Tagged[] }]
      setCommitment(runtime, draft, who, netuid, info.fields, emit, fail)
      return
    }
    case 'AdminUtils.sudo_set_sn_owner_hotkey': {
      const [netuid, hotkey] = inner.values as [number, string]
      setOwnerHotkey(runtime, draft, who, netuid, hotkey)
      return
    }
    default:
      throw badOrigin()
  }
}

/** Bytes a field counts for in the space budget (Data::len_for_rate_limit). */
function fieldSpace(field: Tagged): number {
  if (field.type === 'None' || field.type === 'ResetBondsFlag') return 0
  return (field.values[0] as Uint8Array).length
}

/** Index of the epoch that `block` lies in: (block + netuid + 1) / (tempo + 1), as spec 293 counts. */
export function epochIndex(block: number, netuid: number, tempo: number): bigint {
  return BigInt(block + netuid + 1) / BigInt(tempo + 1)
}

function setCommitment(
  runtime: Runtime,
  draft: Draft,
  who: string,
  netuid: number,
  fields: readonly Tagged[],
  emit: EmitEvent,
  fail: (name: string) => DispatchFailure,
): void {
  const items = runtime.commitments
  if (readEntry(draft, uids, netuid, who) === null) throw fail('AccountNotAllowedCommit')
  if (fields.length > items.maxFields) throw fail('TooManyFieldsInCommitmentInfo')
  const block = readEntry(draft, blockNumber) ?? 0

  if (runtime.kind === 'old') {
    const last = readEntry(draft, items.lastCommitment, netuid, who)
    if (last !== null && block - last < RATE_LIMIT) throw fail('CommitmentSetRateLimitExceeded')
  } else {
    const sum = BigInt(fields.reduce((total, field) => total + fieldSpace(field), 0))
    const needed = sum > MIN_COMMITMENT_SPACE ? sum : MIN_COMMITMENT_SPACE
    const epoch = epochIndex(block, netuid, readEntry(draft, tempo, netuid) ?? 0)
    const usage = readEntry(draft, items.usedSpaceOf, netuid, who)
    const used = usage?.last_epoch === epoch ? usage.used_space : 0n
    if (fields.some((field) => field.type === 'ResetBondsFlag')) draft.set(items.lastBondsReset, [netuid, who], block)
    if (used + needed > BigInt(readEntry(draft, items.maxSpace) ?? 0)) throw fail('SpaceLimitExceeded')
    draft.set(items.usedSpaceOf, [netuid, who], { last_epoch: epoch, used_space: used + needed })
  }

  draft.set(items.commitmentOf, [netuid, who], { deposit: 0n, block, info: { fields } })
  draft.set(items.lastCommitment, [netuid, who], block)
  if (runtime.kind === 'old') {
    emit('Commitments', 'Commitment', [netuid, who])
    return
  }
  const index = readEntry(draft, items.timelockedIndex) ?? []
  const others = index.filter(([net, member]) => net !== netuid || member !== who)
  const timelock = fields.find((field) => field.type === 'TimelockEncrypted')
  if (timelock || others.length < index.length) {
    draft.set(items.timelockedIndex, [], timelock ? [...others, [netuid, who]] : others)
  }
  if (timelock) emit('Commitments', 'TimelockCommitment', [netuid, who, timelock.values[1]])
  else emit('Commitments', 'Commitment', [netuid, who])
}

/** Only the owner's coldkey, and once per 50,400 blocks; the real call emits no event of its own either. */
function setOwnerHotkey(runtime: Runtime, draft: Draft, who: string, netuid: number, hotkey: string): void {
  if (!readEntry(draft, networksAdded, netuid) || readEntry(draft, subnetOwner, netuid) !== who) throw badOrigin()
  const key = { type: 'SetSNOwnerHotkey', values: [netuid] }
  const last = readEntry(draft, lastRateLimitedBlock, key) ?? 0n
  const block = BigInt(readEntry(draft, blockNumber) ?? 0)
  if (last > 0n && block - last < OWNER_HOTKEY_BLOCKS) {
    throw moduleFailure(runtime, 'SubtensorModule', 'TxRateLimitExceeded')
  }
  draft.set(lastRateLimitedBlock, [key], block)
  draft.set(subnetOwnerHotkey, [netuid], hotkey)
}

function transfer(draft: Draft, who: string, call: Tagged, emit: EmitEvent): void {
  const [dest, value] = call.values as [Tagged, bigint]
  if (dest.type !== 'Id') throw failure('CannotLookup')
  const to = String(dest.values[0])
  const from = readEntry(draft, account, who)
  if (!from || from.data.free < value) throw failure('Arithmetic', 'Underflow')
  if (from.data.free - value < EXISTENTIAL_DEPOSIT) throw failure('Token', 'NotExpendable')
  draft.set(account, [who], { ...from, data: { ...from.data, free: from.data.free - value } })
  const target = readEntry(draft, account, to)
  if (!target) throw failure('CannotLookup')
  const isNew = target.providers === 0
  if (isNew && value < EXISTENTIAL_DEPOSIT) throw failure('Token', 'BelowMinimum')
  const data = { ...target.data, free: target.data.free + value }
  draft.set(account, [to], { ...target, providers: Math.max(1, target.providers), data })
  if (isNew) {
    emit('System', 'NewAccount', [to])
    emit('Balances', 'Endowed', [to, value])
  }
  emit('Balances', 'Transfer', [who, to, value])
}
