/** The runtime APIs this node serves: ids, versions and shapes, for metadata V15 and state_getRuntimeVersion. */
import { blake2AsU8a } from '@polkadot/util-crypto'
import {
  byteVec,
  type Codec,
  type Described,
  option,
  struct,
  type Tagged,
  u16,
  u32,
  u64,
  vec,
  wrap,
} from '../codec/codec.ts'
import type { RuntimeKind } from './runtime-kind.ts'
import { selectiveMetagraph } from './metagraph.ts'
import { accountId, dispatchClass, weight } from '../codec/primitives.ts'

/** A runtime API of metadata V15. */
export interface ApiDescription {
  readonly name: string
  readonly version: number
  readonly methods: readonly {
    readonly name: string
    readonly inputs: Readonly<Record<string, Described>>
    readonly output: Described
  }[]
}

export const metadataVersions: Codec<readonly number[]> = vec(u32)
export const opaqueMetadata: Codec<Uint8Array | null> = option(wrap('sp_core::OpaqueMetadata', byteVec()))
export const feeInfo: Codec<{
  readonly weight: { readonly ref_time: bigint; readonly proof_size: bigint }
  readonly class: Tagged
  readonly partial_fee: bigint
}> = struct('pallet_transaction_payment::types::RuntimeDispatchInfo', {
  weight,
  class: dispatchClass,
  partial_fee: u64,
})
export const metagraphAnswer: Codec<Readonly<Record<string, unknown>> | null> = option(selectiveMetagraph)

/** `extrinsic` is the type of a whole extrinsic, which depends on the runtime. */
export function describeApis(kind: RuntimeKind, extrinsic: Described): readonly ApiDescription[] {
  const metagraph: ApiDescription = {
    name: 'SubnetInfoRuntimeApi',
    version: 1,
    methods: [
      {
        name: 'get_selective_metagraph',
        inputs: { netuid: u16, metagraph_indexes: vec(u16) },
        output: metagraphAnswer,
      },
    ],
  }
  return [
    {
      name: 'Metadata',
      version: 2,
      methods: [
        { name: 'metadata_at_version', inputs: { version: u32 }, output: opaqueMetadata },
        { name: 'metadata_versions', inputs: {}, output: metadataVersions },
      ],
    },
    {
      name: 'AccountNonceApi',
      version: 1,
      methods: [{ name: 'account_nonce', inputs: { account: accountId }, output: u32 }],
    },
    {
      name: 'TransactionPaymentApi',
      version: 4,
      methods: [{ name: 'query_info', inputs: { uxt: extrinsic, len: u32 }, output: feeInfo }],
    },
    ...(kind === 'old' ? [] : [metagraph]),
  ]
}

/** Ids as the runtime version lists them: blake2-64 of the API's name. */
export function apiIds(kind: RuntimeKind): readonly (readonly [Uint8Array, number])[] {
  return describeApis(kind, byteVec()).map(({ name, version }) => [blake2AsU8a(name, 64), version])
}
