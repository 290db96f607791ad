/** Puts the pallets together: the outer call, event and error enums. */
import { type Codec, struct, type Tagged, u32, variant, type VariantList, vec } from '../codec/codec.ts'
import { describeCommitments } from './commitments.ts'
import type { Pallet } from './pallet.ts'
import { h256 } from '../codec/primitives.ts'
import { adminPallet, subtensorPallet } from './subtensor.ts'
import { balancesPallet, eventsEntry, paymentPallet, systemPallet, timestampPallet } from './system.ts'
import { apiIds } from './described.ts'
import type { Runtime } from './runtime.ts'
import type { RuntimeKind } from './runtime-kind.ts'

const errorVariants = (errors: Readonly<Record<string, number>>): VariantList =>
  Object.fromEntries(Object.entries(errors).map(([name, index]) => [name, [index]]))

/** The `Call`, `Event` or `Error` enum of every pallet, and the outer enum that holds them by pallet index. */
function outer(part: 'Call' | 'Event' | 'Error', pallets: readonly Pallet[]): Codec<Tagged> {
  const list: Record<string, readonly [number, Record<string, Codec<unknown>>]> = {}
  for (const pallet of pallets) {
    const errors = pallet.errors && errorVariants(pallet.errors)
    const variants = { Call: pallet.calls, Event: pallet.events, Error: errors }[part]
    if (variants) {
      const inner = variant(`${pallet.crate}::pallet::${part}`, variants, { T: null })
      list[pallet.name] = [pallet.index, { 0: inner }]
    }
  }
  return variant(`node_subtensor_runtime::Runtime${part}`, list)
}

export function createRuntime(kind: RuntimeKind): Runtime {
  const specVersion = kind === 'old' ? 218 : 293
  const apis = apiIds(kind)
  const commitments = describeCommitments(kind)
  const rest = [
    timestampPallet,
    balancesPallet,
    paymentPallet,
    subtensorPallet,
    commitments.pallet,
    adminPallet(kind === 'old'),
  ]
  const event = outer('Event', [systemPallet(specVersion, apis, null), ...rest])
  const phase = variant('frame_system::Phase', {
    ApplyExtrinsic: [0, { 0: u32 }],
    Finalization: [1],
    Initialization: [2],
  })
  const record = struct('frame_system::EventRecord', { phase, event, topics: vec(h256) }, { E: event, T: h256 })
  const events = eventsEntry(record)
  const pallets = [systemPallet(specVersion, apis, events), ...rest]
  const call = outer('Call', pallets)
  return { kind, specVersion, pallets, commitments, call, event, error: outer('Error', pallets), events }
}
