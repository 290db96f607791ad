/** The signed extrinsic (version 4): decoding, and the checks that the real runtime makes before it dispatches. */
import { blake2AsU8a, decodeAddress, ed25519Verify, sr25519Verify } from '@polkadot/util-crypto'
import { u8aConcat, u8aToHex } from '@polkadot/util'
import {
  byteVec,
  compact,
  decode,
  type Described,
  encode,
  fixed,
  option,
  struct,
  type Tagged,
  u32,
  u64,
  variant,
  wrap,
} from '../codec/codec.ts'
import type { RuntimeKind } from '../pallets/runtime-kind.ts'
import { era, h256, multiAddress, multiSignature, unit } from '../codec/primitives.ts'
import type { Runtime } from '../pallets/runtime.ts'
import { createSource, DecodeError, readCompact, writeCompact } from '../codec/scale.ts'

export interface SignedExtension {
  readonly name: string
  readonly type: Described
  readonly implicit: Described
}
const nonce = compact(u32)
const tip = compact(u64)
const metadataHashMode = variant('frame_metadata_hash_extension::Mode', { Disabled: [0], Enabled: [1] })
const empty = (path: string): Described => struct(path, {})

/** Signed extensions in signing order; spec 218 has two of its own where 293 has one. All of those are zero bytes. */
export function extensions(kind: RuntimeKind): readonly SignedExtension[] {
  const checks = 'frame_system::extensions'
  const ours =
    kind === 'old'
      ? [
          { name: 'SubtensorSignedExtension', path: 'pallet_subtensor::SubtensorSignedExtension' },
          { name: 'CommitmentsSignedExtension', path: 'pallet_commitments::CommitmentsSignedExtension' },
        ]
      : [{ name: 'SubtensorTransactionExtension', path: 'pallet_subtensor::SubtensorTransactionExtension' }]
  return [
    { name: 'CheckNonZeroSender', type: empty(`${checks}::check_non_zero_sender::CheckNonZeroSender`), implicit: unit },
    { name: 'CheckSpecVersion', type: empty(`${checks}::check_spec_version::CheckSpecVersion`), implicit: u32 },
    { name: 'CheckTxVersion', type: empty(`${checks}::check_tx_version::CheckTxVersion`), implicit: u32 },
    { name: 'CheckGenesis', type: empty(`${checks}::check_genesis::CheckGenesis`), implicit: h256 },
    { name: 'CheckMortality', type: wrap(`${checks}::check_mortality::CheckMortality`, era), implicit: h256 },
    { name: 'CheckNonce', type: wrap('node_subtensor_runtime::check_nonce::CheckNonce', nonce), implicit: unit },
    { name: 'CheckWeight', type: empty(`${checks}::check_weight::CheckWeight`), implicit: unit },
    {
      name: 'ChargeTransactionPayment',
      type: wrap('pallet_transaction_payment::ChargeTransactionPayment', tip),
      implicit: unit,
    },
    ...ours.map(({ name, path }) => ({ name, type: empty(path), implicit: unit })),
    {
      name: 'CheckMetadataHash',
      type: struct('frame_metadata_hash_extension::CheckMetadataHash', { mode: metadataHashMode }),
      implicit: option(fixed(32)),
    },
  ]
}

/** UncheckedExtrinsic with the parameters from which clients learn address, call and signature types. */
export function extrinsicType(runtime: Runtime): Described {
  const extra: Described = { def: { kind: 'tuple', of: extensions(runtime.kind).map((one) => one.type) } }
  const parts = { Address: multiAddress, Call: runtime.call, Signature: multiSignature, Extra: extra }
  const unchecked = wrap('sp_runtime::generic::unchecked_extrinsic::UncheckedExtrinsic', byteVec(), parts)
  return wrap('fp_self_contained::unchecked_extrinsic::UncheckedExtrinsic', unchecked, parts)
}

export interface Extrinsic {
  readonly hash: string
  readonly bytes: Uint8Array
  readonly signer: string
  readonly nonce: number
  readonly tip: bigint
  readonly call: Tagged
  readonly era: Era
  /** Whether the signature fits a chain with this genesis and this era block. */
  verify(genesisHash: Uint8Array, eraBlockHash: Uint8Array): boolean
}
export type Era =
  | { readonly kind: 'immortal' }
  | { readonly kind: 'mortal'; readonly period: number; readonly phase: number }

/** First block at which an era is valid, for a chain at `block` (sp_runtime generic::Era::birth). */
export function eraBirth(era: Era, block: number): number {
  if (era.kind === 'immortal') return 0
  return Math.floor((Math.max(block, era.phase) - era.phase) / era.period) * era.period + era.phase
}

function readEra(value: Tagged): Era {
  if (value.type === 'Immortal') return { kind: 'immortal' }
  const encoded = Number(value.type.slice('Mortal'.length)) + (Number(value.values[0]) << 8)
  const period = 2 << (encoded % 16)
  const phase = (encoded >> 4) * Math.max(period >> 12, 1)
  if (period < 4 || phase >= period) throw new DecodeError('Invalid period and phase')
  return { kind: 'mortal', period, phase }
}

/** `Compact length ++ payload`, as blocks hold it. */
function withLength(payload: Uint8Array): Uint8Array {
  const length: number[] = []
  writeCompact(BigInt(payload.length), length)
  return u8aConcat(Uint8Array.from(length), payload)
}

/** An unsigned inherent: version byte 4 and the call. */
export function inherent(runtime: Runtime, call: Tagged): Uint8Array {
  return withLength(u8aConcat(Uint8Array.of(4), encode(runtime.call, call)))
}

/** Throws DecodeError for anything the runtime would not decode, BoundedVec limits included. */
export function decodeExtrinsic(runtime: Runtime, bytes: Uint8Array): Extrinsic {
  const source = createSource(bytes)
  const length = Number(readCompact(source))
  if (length !== source.left) throw new DecodeError(`length prefix says ${length}, ${source.left} bytes follow`)
  if (source.take(1)[0] !== 0x84) throw new DecodeError('only signed extrinsics of version 4 are accepted')
  const address = multiAddress.read(source)
  if (address.type !== 'Id') throw new DecodeError('only account ids are accepted as signer')
  const signer = String(address.values[0])
  const signature = multiSignature.read(source)
  const extraStart = source.offset
  const life = readEra(era.read(source))
  const count = nonce.read(source)
  const tipped = tip.read(source)
  const mode = metadataHashMode.read(source)
  const extra = bytes.subarray(extraStart, source.offset)
  const callBytes = source.take(source.left)
  const call = decode(runtime.call, callBytes)
  return {
    hash: u8aToHex(blake2AsU8a(bytes, 256)),
    bytes: Uint8Array.from(bytes),
    signer,
    nonce: count,
    tip: tipped,
    call,
    era: life,
    verify(genesisHash, eraBlockHash) {
      if (mode.type !== 'Disabled') return false
      const versions = u8aConcat(encode(u32, runtime.specVersion), encode(u32, 1))
      const payload = u8aConcat(callBytes, extra, versions, genesisHash, eraBlockHash, Uint8Array.of(0))
      const message = payload.length > 256 ? blake2AsU8a(payload, 256) : payload
      return verifySignature(message, signature, decodeAddress(signer))
    },
  }
}

function verifySignature(message: Uint8Array, signature: Tagged, publicKey: Uint8Array): boolean {
  const bytes = signature.values[0] as Uint8Array
  try {
    if (signature.type === 'Sr25519') return sr25519Verify(message, bytes, publicKey)
    return signature.type === 'Ed25519' && ed25519Verify(message, bytes, publicKey)
  } catch {
    return false
  }
}
