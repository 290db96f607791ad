/** Answers `state_call`. */
import { u8aToHex } from '@polkadot/util'
import type { Block } from '../block/block.ts'
import { decode, encode, tuple, u16, u32, vec } from '../codec/codec.ts'
import { describeApis, feeInfo, metadataVersions, metagraphAnswer, opaqueMetadata } from './described.ts'
import { extrinsicType } from '../block/extrinsic.ts'
import { RpcFailure } from '../rpc/failure.ts'
import { costOf } from '../block/fees.ts'
import { buildMetadata } from './metadata.ts'
import { readMetagraph } from './metagraph.ts'
import { decodeOrRefuse } from '../block/pool.ts'
import { accountId } from '../codec/primitives.ts'
import type { Runtime } from './runtime.ts'
import { DecodeError } from '../codec/scale.ts'
import { readEntry } from '../block/state.ts'
import { account } from './system.ts'

export interface Apis {
  /** Metadata V14 as state_getMetadata returns it. */
  readonly metadata14: string
  /** `[id, version]` pairs for state_getRuntimeVersion. */
  readonly versions: readonly (readonly [string, number])[]
  /** Throws RpcFailure 4003 for a method the runtime does not have, or for arguments it cannot decode. */
  call(method: string, data: Uint8Array, at: Block): Uint8Array
}
type Answer = (data: Uint8Array, at: Block) => Uint8Array

const selectiveInput = tuple(u16, vec(u16))

export function createApis(runtime: Runtime, ids: readonly (readonly [Uint8Array, number])[]): Apis {
  const described = describeApis(runtime.kind, extrinsicType(runtime))
  const blobs = new Map([
    [14, buildMetadata(runtime, 14, [])],
    [15, buildMetadata(runtime, 15, described)],
  ])
  const answers: Record<string, Answer> = {
    Metadata_metadata_versions: () => encode(metadataVersions, [...blobs.keys()]),
    Metadata_metadata_at_version: (data) => encode(opaqueMetadata, blobs.get(decode(u32, data)) ?? null),
    AccountNonceApi_account_nonce: (data, at) =>
      encode(u32, readEntry(at.state, account, decode(accountId, data))?.nonce ?? 0),
    TransactionPaymentApi_query_info(data) {
      const extrinsic = decodeOrRefuse(runtime, data.subarray(0, -4))
      const cost = costOf(extrinsic)
      return encode(feeInfo, { weight: cost.weight, class: cost.class, partial_fee: cost.fee })
    },
  }
  if (runtime.kind === 'current') {
    answers['SubnetInfoRuntimeApi_get_selective_metagraph'] = (data, at) => {
      const [netuid, indexes] = decode(selectiveInput, data)
      return encode(metagraphAnswer, readMetagraph(at, netuid, indexes))
    }
  }
  return {
    metadata14: u8aToHex(blobs.get(14)),
    versions: ids.map(([id, version]) => [u8aToHex(id), version]),
    call(method, data, at) {
      const answer = Object.hasOwn(answers, method) ? answers[method] : undefined
      if (!answer) {
        throw new RpcFailure(4003, `Client error: Execution failed: Other: Exported method ${method} is not found`)
      }
      try {
        return answer(data, at)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        throw new RpcFailure(4003, `Client error: Execution failed: bad input data for ${method}: ${error.message}`)
      }
    },
  }
}
