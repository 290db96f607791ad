/** The pallets as one: what the blocks, the pool and the metadata know of the runtime. */
import type { Codec, Tagged } from '../codec/codec.ts'
import type { Commitments } from './commitments.ts'
import type { Entry, Pallet } from './pallet.ts'
import type { RuntimeKind } from './runtime-kind.ts'
import type { EventRecord } from './system.ts'

export interface Runtime {
  readonly kind: RuntimeKind
  readonly specVersion: number
  readonly pallets: readonly Pallet[]
  readonly commitments: Commitments
  readonly call: Codec<Tagged>
  readonly event: Codec<Tagged>
  readonly error: Codec<Tagged>
  readonly events: Entry<[], readonly EventRecord[]>
}
