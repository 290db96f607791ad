/** Builds one block: inherent, extrinsics, events, header. Pure: nothing here knows about forks or clients. */
import { blake2AsU8a } from '@polkadot/util-crypto'
import { hexToU8a, stringToU8a, u8aConcat, u8aToHex } from '@polkadot/util'
import { compact, encode, fixed, type Tagged, u32, u64 } from '../codec/codec.ts'
import { dispatch, DispatchFailure, type EmitEvent } from './dispatch.ts'
import { type Extrinsic, inherent } from './extrinsic.ts'
import { digest } from '../codec/primitives.ts'
import { costOf } from './fees.ts'
import { BASE_EXTRINSIC } from '../pallets/limits.ts'
import type { Runtime } from '../pallets/runtime.ts'
import {
  account,
  blockHash,
  blockNumber,
  eventCount,
  type EventRecord,
  parentHash,
  timestampNow,
} from '../pallets/system.ts'
import { type Changes, createDraft, createState, type Draft, readEntry, type State } from './state.ts'

export interface Header {
  readonly parentHash: Uint8Array
  readonly number: number
  readonly stateRoot: Uint8Array
  readonly extrinsicsRoot: Uint8Array
  readonly digest: { readonly logs: readonly Tagged[] }
}
export interface Block {
  readonly hash: string
  readonly number: number
  readonly header: Header
  readonly extrinsics: readonly Uint8Array[]
  /** Signed extrinsics only, in order. */
  readonly signed: readonly Extrinsic[]
  readonly state: State
}

const compactU32 = compact(u32)
const root = fixed(32)

function encodeHeader(header: Header): Uint8Array {
  return u8aConcat(
    encode(root, header.parentHash),
    encode(compactU32, header.number),
    encode(root, header.stateRoot),
    encode(root, header.extrinsicsRoot),
    encode(digest, header.digest),
  )
}

/** A stand-in for the trie root: it commits to the parent's root and every change, no more is needed here. */
function stateRoot(parent: Uint8Array, changes: Changes): Uint8Array {
  const lines = [...changes].sort(([a], [b]) => (a < b ? -1 : 1))
  const text = lines.map(([key, value]) => `${key}=${value ? u8aToHex(value) : '-'}`).join('\n')
  return blake2AsU8a(u8aConcat(parent, stringToU8a(text)), 256)
}

function seal(parent: Block | null, extrinsics: readonly Uint8Array[], changes: Changes, slot: number): Header {
  const number = parent ? parent.number + 1 : 0
  const engine = { type: 'PreRuntime', values: [stringToU8a('aura'), encode(u64, BigInt(slot))] }
  return {
    parentHash: parent ? hexToU8a(parent.hash) : new Uint8Array(32),
    number,
    stateRoot: stateRoot(parent ? parent.header.stateRoot : new Uint8Array(32), changes),
    extrinsicsRoot: blake2AsU8a(u8aConcat(...extrinsics), 256),
    digest: { logs: number === 0 ? [] : [engine] },
  }
}

function finish(
  parent: Block | null,
  extrinsics: readonly Uint8Array[],
  signed: readonly Extrinsic[],
  changes: Changes,
  slot: number,
): Block {
  const header = seal(parent, extrinsics, changes, slot)
  return {
    hash: u8aToHex(blake2AsU8a(encodeHeader(header), 256)),
    number: header.number,
    header,
    extrinsics,
    signed,
    state: createState(parent?.state ?? null, changes),
  }
}

export function genesisBlock(changes: Changes): Block {
  return finish(null, [], [], changes, 0)
}

export interface BlockContent {
  readonly extrinsics: readonly Extrinsic[]
  /** Storage changes from outside, made before the extrinsics run. */
  readonly staged: Changes
  /** Unix ms. */
  readonly timestamp: number
  readonly slot: number
}

/** Applies the extrinsics on top of `parent`. `slot` must be new for every block so that forks get their own hashes. */
export function buildBlock(runtime: Runtime, parent: Block, content: BlockContent): Block {
  const { extrinsics, timestamp } = content
  const draft = createDraft(parent.state)
  for (const [key, value] of content.staged) draft.setRaw(key, value)
  const number = parent.number + 1
  const events: EventRecord[] = []
  const emitAt = (index: number) => (pallet: string, name: string, values: readonly unknown[]) => {
    events.push({
      phase: { type: 'ApplyExtrinsic', values: [index] },
      event: { type: pallet, values: [{ type: name, values }] },
      topics: [],
    })
  }
  draft.set(blockNumber, [], number)
  draft.set(blockHash, [parent.number], hexToU8a(parent.hash))
  draft.set(parentHash, [], hexToU8a(parent.hash))
  draft.set(timestampNow, [], BigInt(timestamp))
  const set: Tagged = { type: 'Timestamp', values: [{ type: 'set', values: [BigInt(timestamp)] }] }
  const mandatory = {
    weight: BASE_EXTRINSIC,
    class: { type: 'Mandatory', values: [] },
    pays_fee: { type: 'Yes', values: [] },
  }
  emitAt(0)('System', 'ExtrinsicSuccess', [mandatory])
  extrinsics.forEach((extrinsic, index) => applyExtrinsic(runtime, draft, extrinsic, emitAt(index + 1)))
  draft.set(runtime.events, [], events)
  draft.set(eventCount, [], events.length)
  const bytes = [inherent(runtime, set), ...extrinsics.map((extrinsic) => extrinsic.bytes)]
  return finish(parent, bytes, extrinsics, draft.changes, content.slot)
}

/** Fee, nonce and the call itself; a failed call keeps fee and nonce, and loses everything it wrote. */
function applyExtrinsic(runtime: Runtime, block: Draft, extrinsic: Extrinsic, emit: EmitEvent): void {
  const { signer, call, tip } = extrinsic
  const before = readEntry(block, account, signer)
  if (!before) throw new RangeError('accounts have a default value')
  const cost = costOf(extrinsic)
  const fee = cost.free ? 0n : cost.fee + tip
  const data = { ...before.data, free: before.data.free - fee }
  block.set(account, [signer], { ...before, nonce: before.nonce + 1, data })
  if (fee > 0n) emit('Balances', 'Withdraw', [signer, fee])

  const draft = createDraft(block)
  const events: Parameters<EmitEvent>[] = []
  const ref_time = cost.weight.ref_time + BASE_EXTRINSIC.ref_time
  const info = {
    weight: { ref_time, proof_size: cost.weight.proof_size },
    class: cost.class,
    pays_fee: { type: cost.free ? 'No' : 'Yes', values: [] },
  }
  const failure = attempt(() => dispatch(runtime, draft, signer, call, (...event) => void events.push(event)))
  if (!failure) {
    for (const [key, value] of draft.changes) block.setRaw(key, value)
    for (const event of events) emit(...event)
  }
  if (fee > 0n) emit('Balances', 'Deposit', [signer, 0n])
  emit('TransactionPayment', 'TransactionFeePaid', [signer, fee, tip])
  if (failure) emit('System', 'ExtrinsicFailed', [failure.error, info])
  else emit('System', 'ExtrinsicSuccess', [info])
}

function attempt(run: () => void): DispatchFailure | null {
  try {
    run()
    return null
  } catch (error) {
    if (error instanceof DispatchFailure) return error
    throw error
  }
}
