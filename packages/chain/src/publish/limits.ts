import type { ApiPromise } from '@polkadot/api'
import type { CommitmentLimits } from '@sluice/rollout'
import { ChainError } from '../errors.ts'
import { dataVariants } from '../subnet/registration.ts'

/** Cap of `BigRaw` in pallet-commitments (`types.rs`, `ConstU32<512>`); metadata leaves const generics out. */
const bigRawBytes = 512

/**
 * What this runtime's commitment takes, from its metadata: `maxFields` is the pallet's constant, the longest Raw and
 * whether there is a BigRaw come from the variants of `Data`.
 * @throws ChainError UNSUPPORTED_RUNTIME
 */
export function commitmentLimits(api: ApiPromise): CommitmentLimits {
  const maxFields = constant(api, 'maxFields')
  if (maxFields === null) {
    throw new ChainError('UNSUPPORTED_RUNTIME', 'The Commitments pallet of this chain does not tell its MaxFields.')
  }
  const variants = dataVariants(api)
  const raw = variants.map(({ name }) => (/^Raw\d+$/.test(name) ? Number(name.slice(3)) : 0))
  return {
    maxFields,
    maxRawBytes: Math.max(0, ...raw),
    maxBigRawBytes: variants.some(({ name }) => name === 'BigRaw') ? bigRawBytes : null,
  }
}

/** A number among the Commitments pallet's constants, null when this runtime has none of that name. */
export function constant(api: ApiPromise, name: string): number | null {
  const value = api.consts['commitments']?.[name]
  if (value === undefined) return null
  const number = Number(value.toString())
  return Number.isSafeInteger(number) ? number : null
}
