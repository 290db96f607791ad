/** Runtime APIs behind `state_call`, described for metadata V15 and answered here. */
import { blake2AsHex } from '@polkadot/util-crypto'
import { type Block, FEE } from './block.ts'
import { byteVec, type Codec, decode, encode, option, struct, tuple, u16, u32, u64, vec } from './codec.ts'
import { isFree } from './dispatch.ts'
import { RpcFailure } from './failure.ts'
import type { Ledger } from './ledger.ts'
import { type ApiDescription, buildMetadata } from './metadata.ts'
import { decodeOrRefuse } from './pool.ts'
import { accountId, dispatchClass, weight } from './primitives.ts'
import { account } from './runtime.ts'
import { createSource, DecodeError } from './scale.ts'
import { readEntry } from './state.ts'
import { readMetagraph, selectiveMetagraph } from './metagraph.ts'

export interface Apis {
  /** `[id, version]` pairs for state_getRuntimeVersion. */
  readonly versions: readonly (readonly [string, number])[]
  /** Throws RpcFailure 4003 for a method the runtime does not have, or for arguments it cannot decode. */
  call(method: string, data: Uint8Array, at: Block): Uint8Array
}

const metadataVersions = vec(u32)
const opaqueMetadata = option(byteVec())
const feeInfo = struct('pallet_transaction_payment::types::RuntimeDispatchInfo', {
  weight,
  class: dispatchClass,
  partial_fee: u64,
})
const selectiveInput = tuple(u16, vec(u16))
const selectiveOutput: Codec<unknown> = option(selectiveMetagraph)

export function createApis(ledger: Ledger): Apis {
  const { runtime } = ledger
  const old = runtime.kind === 'old'
  const extrinsicType = byteVec()
  const described: ApiDescription[] = [
    {
      name: 'Metadata',
      methods: [
        { name: 'metadata_at_version', inputs: { version: u32 }, output: opaqueMetadata },
        { name: 'metadata_versions', inputs: {}, output: metadataVersions },
      ],
    },
    { name: 'AccountNonceApi', methods: [{ name: 'account_nonce', inputs: { account: accountId }, output: u32 }] },
    {
      name: 'TransactionPaymentApi',
      methods: [{ name: 'query_info', inputs: { uxt: extrinsicType, len: u32 }, output: feeInfo }],
    },
  ]
  if (!old) {
    const inputs = { netuid: u16, metagraph_indexes: vec(u16) }
    const method = { name: 'get_selective_metagraph', inputs, output: selectiveOutput }
    described.push({ name: 'SubnetInfoRuntimeApi', methods: [method] })
  }
  const blob = (version: 14 | 15): Uint8Array =>
    encode(opaqueMetadata, buildMetadata(runtime, version, version === 15 ? described : []))
  const blobs = new Map<number, Uint8Array>([
    [14, blob(14)],
    [15, blob(15)],
  ])

  const answers: Readonly<Record<string, (data: Uint8Array, at: Block) => Uint8Array>> = {
    Metadata_metadata_versions: () => encode(metadataVersions, [...blobs.keys()]),
    Metadata_metadata_at_version: (data) => blobs.get(decode(u32, data)) ?? Uint8Array.of(0),
    AccountNonceApi_account_nonce: (data, at) =>
      encode(u32, readEntry(at.state, account, decode(accountId, data))?.nonce ?? 0),
    TransactionPaymentApi_query_info(data) {
      const source = createSource(data)
      const extrinsic = decodeOrRefuse(runtime, source.take(data.length - 4))
      const partial_fee = isFree(extrinsic.call) ? 0n : FEE
      return encode(feeInfo, {
        weight: { ref_time: 33_000_000n, proof_size: 3577n },
        class: { type: 'Normal', values: [] },
        partial_fee,
      })
    },
    ...(old
      ? {}
      : {
          SubnetInfoRuntimeApi_get_selective_metagraph(data: Uint8Array, at: Block) {
            const [netuid, indexes] = decode(selectiveInput, data)
            return encode(selectiveOutput, readMetagraph(at, netuid, indexes))
          },
        }),
  }
  const versionOf: Readonly<Record<string, number>> = { Metadata: 2, TransactionPaymentApi: 4, SubnetInfoRuntimeApi: 1 }
  return {
    versions: described.map(({ name }) => [blake2AsHex(name, 64), versionOf[name] ?? 1]),
    call(method, data, at) {
      const answer = answers[method]
      if (!answer) {
        const message = `Client error: Execution failed: Other: Exported method ${method} is not found`
        throw new RpcFailure(4003, message)
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
