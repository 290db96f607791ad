/** Weight, class and fee of each call, as spec 293 reports them (payment_queryInfo on the real runtime). */
import type { Tagged } from '../codec/codec.ts'
import type { Extrinsic } from './extrinsic.ts'
import { BASE_EXTRINSIC } from '../pallets/limits.ts'

interface Weight {
  readonly ref_time: bigint
  readonly proof_size: bigint
}
export interface Cost {
  /** Without the base weight of an extrinsic. */
  readonly weight: Weight
  readonly class: Tagged
  /** `Pays::No`: an account without any balance may send it. */
  readonly free: boolean
  /** In rao, without the tip; 0 when free. */
  readonly fee: bigint
}
type Entry = readonly [refTime: bigint, proofSize: bigint, dispatchClass: string, free: boolean]

const CALLS: Readonly<Record<string, Entry>> = {
  'Commitments.set_commitment': [559_140_000n, 0n, 'Operational', true],
  'AdminUtils.sudo_set_sn_owner_hotkey': [0n, 0n, 'Operational', true],
  'Balances.transfer_keep_alive': [165_655_000n, 3593n, 'Normal', false],
}
const OTHER: Entry = [2_169_387n, 0n, 'Normal', false]
/** 2000 units of ref_time cost 1 rao, to the nearest with halves down; a byte of the extrinsic costs 1 rao. */
const weightFee = (refTime: bigint): bigint => (refTime + 999n) / 2000n

export function callName(call: Tagged): string {
  return `${call.type}.${(call.values[0] as Tagged).type}`
}

export function costOf(extrinsic: Pick<Extrinsic, 'call' | 'bytes'>): Cost {
  const [ref_time, proof_size, type, free] = CALLS[callName(extrinsic.call)] ?? OTHER
  const fee = weightFee(BASE_EXTRINSIC.ref_time) + weightFee(ref_time) + BigInt(extrinsic.bytes.length)
  return {
    weight: { ref_time, proof_size },
    class: { type, values: [] },
    free,
    fee: free ? 0n : fee,
  }
}
