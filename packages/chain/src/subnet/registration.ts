import type { ApiPromise } from '@polkadot/api'
import type { CommitmentField } from '@sluice/rollout'
import { compactToU8a, u8aConcat, u8aToHex } from '@polkadot/util'
import { ChainError } from '../errors.ts'
import { type Decoded, decodeValue, vec } from '../state-read.ts'

/** A `Registration` of pallet-commitments: what one hotkey has committed in one subnet. */
export interface Registration {
  /** Block of the last write; grows with every write, so it orders versions. */
  readonly block: number
  readonly fields: readonly CommitmentField[]
}

/** The parts of the library's decoded `Registration` that are used; `Data` is an enum of the runtime's metadata. */
interface RegistrationCodec extends Decoded {
  readonly block: { toNumber(): number }
  readonly info: { readonly fields: readonly DataCodec[] }
}
interface DataCodec extends Decoded {
  readonly type: string
  readonly value: Decoded
}

/** @throws ChainError PROTOCOL when the bytes are no Registration of this runtime */
export function decodeRegistration(api: ApiPromise, raw: Uint8Array): Registration {
  const decoded = decodeValue(api, { pallet: 'commitments', item: 'commitmentOf' }, raw) as RegistrationCodec
  return { block: decoded.block.toNumber(), fields: [...decoded.info.fields].map(readField) }
}

function readField(field: DataCodec): CommitmentField {
  // `toU8a(true)` is the content without a length prefix.
  if (/^Raw\d+$/.test(field.type)) return { kind: 'raw', bytes: field.value.toU8a(true) }
  if (field.type === 'BigRaw') return { kind: 'bigRaw', bytes: field.value.toU8a(true) }
  return { kind: 'foreign', type: field.type, scale: field.toU8a() }
}

/** SCALE of `CommitmentInfo { fields }` for this runtime. @throws ChainError DOES_NOT_FIT for a field it has no variant for */
export function encodeInfo(api: ApiPromise, fields: readonly CommitmentField[]): Uint8Array {
  return vec(fields.map((field) => encodeField(api, field)))
}

function encodeField(api: ApiPromise, field: CommitmentField): Uint8Array {
  if (field.kind === 'foreign') return field.scale
  const name = field.kind === 'raw' ? `Raw${field.bytes.length}` : 'BigRaw'
  const variant = dataVariants(api).find((candidate) => candidate.name === name)
  if (variant === undefined) {
    throw new ChainError(
      'DOES_NOT_FIT',
      `This runtime has no commitment field that holds ${field.bytes.length} bytes as ${field.kind}; shorten the value.`,
    )
  }
  const content = field.kind === 'raw' ? field.bytes : u8aConcat(compactToU8a(field.bytes.length), field.bytes)
  return u8aConcat(new Uint8Array([variant.index]), content)
}

/** The variants of `Data` in this runtime's metadata. */
export function dataVariants(api: ApiPromise): readonly { name: string; index: number }[] {
  const { lookup } = api.registry
  const entry = api.query['commitments']?.['commitmentOf']
  if (entry === undefined) {
    throw new ChainError('UNSUPPORTED_RUNTIME', 'This chain has no Commitments pallet; use a Subtensor endpoint.')
  }
  const registration = lookup.getSiType(entry.creator.meta.type.asMap.value)
  const info = registration.def.asComposite.fields.find((field) => field.name.unwrapOr('').toString() === 'info')
  const fields = info === undefined ? undefined : lookup.getSiType(info.type).def.asComposite.fields[0]
  const data = fields === undefined ? undefined : lookup.getSiType(fields.type).params[0]?.type.unwrapOr(undefined)
  if (data === undefined) {
    throw new ChainError('UNSUPPORTED_RUNTIME', 'The Commitments pallet of this chain has another shape than expected.')
  }
  return lookup.getSiType(data).def.asVariant.variants.map((variant) => ({
    name: variant.name.toString(),
    index: variant.index.toNumber(),
  }))
}

/** Whether two lists of fields are the same on chain, bit for bit. */
export function sameFields(api: ApiPromise, a: readonly CommitmentField[], b: readonly CommitmentField[]): boolean {
  return u8aToHex(encodeInfo(api, a)) === u8aToHex(encodeInfo(api, b))
}
