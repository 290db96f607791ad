/** Constants of the System pallet that describe block limits and the version (values of spec 293). */
import { type Codec, fixed, option, str, struct, tuple, u32, u64, u8, vec, wrap } from '../codec/codec.ts'
import type { Constant } from './pallet.ts'
import { weight } from '../codec/primitives.ts'

const weightsPerClass = struct('frame_system::limits::WeightsPerClass', {
  base_extrinsic: weight,
  max_extrinsic: option(weight),
  max_total: option(weight),
  reserved: option(weight),
})
const perClass = <T>(of: Codec<T>): Codec<{ readonly normal: T; readonly operational: T; readonly mandatory: T }> =>
  struct('frame_support::dispatch::PerDispatchClass', { normal: of, operational: of, mandatory: of }, { T: of })
const blockWeights = struct('frame_system::limits::BlockWeights', {
  base_block: weight,
  max_block: weight,
  per_class: perClass(weightsPerClass),
})
const dbWeight = struct('sp_weights::RuntimeDbWeight', { read: u64, write: u64 })
const cow = <T>(of: Codec<T>): Codec<T> => wrap('Cow', of, { T: of })
const apiVersions = vec(tuple(fixed(8), u32))
const runtimeVersion = struct('sp_version::RuntimeVersion', {
  spec_name: cow(str),
  impl_name: cow(str),
  authoring_version: u32,
  spec_version: u32,
  impl_version: u32,
  apis: cow(apiVersions),
  transaction_version: u32,
  system_version: u8,
})

const of = (ref_time: bigint, proof_size: bigint): { ref_time: bigint; proof_size: bigint } => ({
  ref_time,
  proof_size,
})
/** Weight of any extrinsic before its own call's weight. */
export const BASE_EXTRINSIC: { readonly ref_time: bigint; readonly proof_size: bigint } = of(108_157_000n, 0n)
const weights = {
  base_block: of(431_614_000n, 0n),
  max_block: of(4_000_000_000_000n, 0xffff_ffff_ffff_ffffn),
  per_class: {
    normal: {
      base_extrinsic: BASE_EXTRINSIC,
      max_extrinsic: of(0x025d_55a1_37b8n, 0xa666_6666_6666_6666n),
      max_total: of(0x02ba_7def_3000n, 0xbfff_ffff_ffff_ffffn),
      reserved: of(0n, 0n),
    },
    operational: {
      base_extrinsic: BASE_EXTRINSIC,
      max_extrinsic: of(0x0346_2a46_47b8n, 0xe666_6666_6666_6666n),
      max_total: of(0x03a3_5294_4000n, 0xffff_ffff_ffff_ffffn),
      reserved: of(1_000_000_000_000n, 0x4000_0000_0000_0000n),
    },
    mandatory: { base_extrinsic: BASE_EXTRINSIC, max_extrinsic: null, max_total: null, reserved: null },
  },
}

/** `apis`: the id and version of every runtime API. */
export function systemConstants(
  specVersion: number,
  apis: readonly (readonly [Uint8Array, number])[],
): readonly Constant[] {
  const version = {
    spec_name: 'node-subtensor',
    impl_name: 'node-subtensor',
    authoring_version: 1,
    spec_version: specVersion,
    impl_version: 1,
    apis,
    transaction_version: 1,
    system_version: 1,
  }
  const length = struct('frame_system::limits::BlockLength', { max: perClass(u32) })
  return [
    { name: 'BlockWeights', type: blockWeights, value: weights },
    {
      name: 'BlockLength',
      type: length,
      value: { max: { normal: 7_864_320, operational: 10_485_760, mandatory: 10_485_760 } },
    },
    { name: 'BlockHashCount', type: u32, value: 2400 },
    { name: 'DbWeight', type: dbWeight, value: { read: 25_000_000n, write: 100_000_000n } },
    { name: 'Version', type: runtimeVersion, value: version },
  ]
}
