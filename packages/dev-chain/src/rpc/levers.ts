/** `dev_*` methods, as chopsticks offers them for the real runtime: the same test process can drive either. */
import { hexToU8a, isHex } from '@polkadot/util'
import { type Codec, encode } from '../codec/codec.ts'
import { invalidParams } from './failure.ts'
import type { Ledger } from '../block/ledger.ts'
import type { Methods } from './rpc-method.ts'
import { storageKey } from '../block/state.ts'

type Change = readonly [key: string, value: Uint8Array | null]

export function developerMethods(ledger: Ledger): Methods {
  const blockOf = (target: unknown) => {
    const block =
      typeof target === 'string' && target.length > 20 ? ledger.byHash(target) : ledger.byNumber(Number(target))
    if (!block) throw invalidParams('expected the number or hash of a known block')
    return block
  }
  return {
    /** `[{ count? }]` builds blocks and answers with the hash of the last one. */
    dev_newBlock([options]) {
      const count = Number((options as { count?: unknown } | undefined)?.count ?? 1)
      if (!Number.isInteger(count) || count < 1 || count > 10_000) throw invalidParams('count must be 1..10000')
      return ledger.newBlocks(count).hash
    },
    /** `[number | hash]` goes back to an earlier block; finality goes back with it. */
    dev_setHead([target]) {
      ledger.setHead(blockOf(target))
      return ledger.head.hash
    },
    /** `[depth, { drop? }]` replaces the newest blocks by a longer branch. */
    dev_reorg([depth, options]) {
      ledger.reorg(Number(depth), (options as { drop?: boolean } | undefined)?.drop !== true)
      return ledger.head.hash
    },
    dev_stallFinality([on]) {
      ledger.stallFinality(on === true)
      return null
    },
    /** `[[[key, value|null]…]]` or `[{ Pallet: { Item: [[keys, value]…] } }]`: changes the head's state in place. */
    dev_setStorage([values]) {
      const changes = Array.isArray(values) ? values.map(rawChange) : namedChanges(ledger, values)
      for (const [key, value] of changes) ledger.head.state.changes.set(key, value)
      return ledger.head.hash
    },
  }
}

function rawChange(pair: unknown): Change {
  const [key, value] = Array.isArray(pair) ? (pair as unknown[]) : []
  const checked = storageKey(key)
  if (checked === null || !(value === null || isHex(value))) throw invalidParams('expected [0x key, 0x value | null]')
  return [checked, value === null ? null : hexToU8a(value)]
}

function namedChanges(ledger: Ledger, values: unknown): readonly Change[] {
  if (typeof values !== 'object' || values === null) throw invalidParams('expected an object of pallets')
  return Object.entries(values).flatMap(([palletName, items]) => {
    const pallet = ledger.runtime.pallets.find((one) => one.name.toLowerCase() === palletName.toLowerCase())
    if (!pallet) throw invalidParams(`no pallet ${palletName}`)
    return Object.entries(items as object).flatMap(([itemName, change]): readonly Change[] => {
      const entry = pallet.storage.find((one) => one.name.toLowerCase() === itemName.toLowerCase())
      if (!entry) throw invalidParams(`no storage ${palletName}.${itemName}`)
      if (entry.keyCodecs.length === 0) return [[entry.key(), valueOf(entry.codec, change)]]
      return (change as [unknown[], unknown][]).map(([keys, value]) => [
        entry.key(...keys),
        valueOf(entry.codec, value),
      ])
    })
  })
}

/** Hex is taken as it is; other JSON is encoded with the entry's own type. */
function valueOf(codec: Codec<unknown>, value: unknown): Uint8Array | null {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return null
  return isHex(value) ? hexToU8a(value) : encode(codec, value)
}
