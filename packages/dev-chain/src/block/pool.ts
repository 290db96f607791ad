/** Admission of extrinsics: the checks of the runtime's validate_transaction, with the node's error codes. */
import { hexToU8a } from '@polkadot/util'
import type { Block } from './block.ts'
import { decodeExtrinsic, eraBirth, type Extrinsic } from './extrinsic.ts'
import { RpcFailure } from '../rpc/failure.ts'
import { costOf } from './fees.ts'
import type { Runtime } from '../pallets/runtime.ts'
import { DecodeError } from '../codec/scale.ts'
import { readEntry } from './state.ts'
import { account, EXISTENTIAL_DEPOSIT } from '../pallets/system.ts'

export type Validity = 'ready' | 'future'
const POOL_LIMIT = 4096

const invalid = (data: string): RpcFailure => new RpcFailure(1010, 'Invalid Transaction', data)

/** Hash of the canonical block `number` below `head`; null when it is not there. */
type HashAt = (number: number) => string | null

/** Whether an extrinsic may go into the block after `head`. Throws RpcFailure 1010 as a node does. */
function validate(extrinsic: Extrinsic, head: Block, hashAt: HashAt): Validity {
  const birth = eraBirth(extrinsic.era, head.number + 1)
  const genesis = hashAt(0)
  const birthHash = hashAt(birth)
  if (genesis === null || birthHash === null) throw invalid('Transaction has an ancient birth block')
  if (!extrinsic.verify(hexToU8a(genesis), hexToU8a(birthHash))) throw invalid('Transaction has a bad signature')
  const who = readEntry(head.state, account, extrinsic.signer)
  if (!who) throw invalid('Inability to pay some fees (e.g. account balance too low)')
  const cost = costOf(extrinsic)
  const poor = who.providers === 0 || who.data.free < cost.fee + extrinsic.tip + EXISTENTIAL_DEPOSIT
  if (poor && !(cost.free && extrinsic.tip === 0n)) {
    throw invalid('Inability to pay some fees (e.g. account balance too low)')
  }
  if (extrinsic.nonce < who.nonce) throw invalid('Transaction is outdated')
  return extrinsic.nonce > who.nonce ? 'future' : 'ready'
}

export interface Pool {
  /** Throws RpcFailure when the extrinsic cannot be decoded, is invalid, known or replaces a queued one. */
  submit(bytes: Uint8Array, head: Block, hashAt: HashAt): { readonly extrinsic: Extrinsic; readonly validity: Validity }
  /** Takes every extrinsic that can go into the next block, at most `limit`; drops those that became invalid. */
  take(head: Block, hashAt: HashAt, limit: number): { ready: readonly Extrinsic[]; dropped: readonly Extrinsic[] }
  /** Puts extrinsics of retracted blocks back. */
  restore(extrinsics: readonly Extrinsic[]): void
  pending(): readonly Extrinsic[]
  nextNonce(address: string, from: number): number
}

export function createPool(runtime: Runtime): Pool {
  const queued = new Map<string, Extrinsic>()
  return {
    submit(bytes, head, hashAt) {
      const extrinsic = decodeOrRefuse(runtime, bytes)
      if (queued.has(extrinsic.hash)) throw new RpcFailure(1013, 'Transaction Already Imported', extrinsic.hash)
      const validity = validate(extrinsic, head, hashAt)
      const rival = [...queued.values()].some(
        (other) => other.signer === extrinsic.signer && other.nonce === extrinsic.nonce,
      )
      if (rival) {
        throw new RpcFailure(
          1014,
          'Priority is too low: (0 vs 0)',
          'The transaction has too low priority to replace another transaction already in the pool.',
        )
      }
      if (queued.size >= POOL_LIMIT) throw new RpcFailure(1016, 'Immediately Dropped', 'The transaction pool is full')
      queued.set(extrinsic.hash, extrinsic)
      return { extrinsic, validity }
    },
    take(head, hashAt, limit) {
      const ready: Extrinsic[] = []
      const dropped: Extrinsic[] = []
      const nonces = new Map<string, number>()
      for (const extrinsic of [...queued.values()].sort((a, b) => a.nonce - b.nonce)) {
        if (ready.length >= limit) break
        const expected = nonces.get(extrinsic.signer)
        if (expected !== undefined && extrinsic.nonce === expected) {
          ready.push(extrinsic)
          nonces.set(extrinsic.signer, expected + 1)
          continue
        }
        try {
          if (validate(extrinsic, head, hashAt) !== 'ready') continue
          ready.push(extrinsic)
          nonces.set(extrinsic.signer, extrinsic.nonce + 1)
        } catch (error) {
          if (!(error instanceof RpcFailure)) throw error
          dropped.push(extrinsic)
        }
      }
      for (const extrinsic of [...ready, ...dropped]) queued.delete(extrinsic.hash)
      return { ready, dropped }
    },
    restore(extrinsics) {
      for (const extrinsic of extrinsics) queued.set(extrinsic.hash, extrinsic)
    },
    pending: () => [...queued.values()],
    nextNonce(address, from) {
      const own = new Set([...queued.values()].filter((one) => one.signer === address).map((one) => one.nonce))
      let nonce = from
      while (own.has(nonce)) nonce += 1
      return nonce
    },
  }
}

/** A call that the runtime cannot decode traps it, which a node reports as a verification error. */
export function decodeOrRefuse(runtime: Runtime, bytes: Uint8Array): Extrinsic {
  try {
    return decodeExtrinsic(runtime, bytes)
  } catch (error) {
    if (!(error instanceof DecodeError) && !(error instanceof RangeError)) throw error
    throw new RpcFailure(
      1002,
      `Verification Error: Runtime error: Execution failed: Execution aborted due to trap: Bad input data provided to validate_transaction: ${error.message}`,
      'RuntimeApi("Execution failed")',
    )
  }
}
