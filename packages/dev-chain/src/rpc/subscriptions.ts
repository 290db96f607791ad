/** Subscriptions of one connection: heads, storage, extrinsic status. All end with the connection. */
import { u8aToHex } from '@polkadot/util'
import type { Block } from '../block/block.ts'
import type { Ledger } from '../block/ledger.ts'
import { bytesOf, changeSet, headerJson, keyList } from './rpc.ts'
import type { Methods, Params } from './rpc-method.ts'

export type Notify = (method: string, id: string, result: unknown) => void
export interface Subscriptions {
  readonly methods: Methods
  close(): void
}

/** Names of every subscription method; `rpc_methods` lists them, or the client library would not offer them. */
export const SUBSCRIPTION_METHODS: readonly string[] = [
  'author_submitAndWatchExtrinsic',
  'author_unwatchExtrinsic',
  'chain_subscribeAllHeads',
  'chain_unsubscribeAllHeads',
  'chain_subscribeFinalizedHeads',
  'chain_unsubscribeFinalizedHeads',
  'chain_subscribeNewHead',
  'chain_unsubscribeNewHead',
  'chain_subscribeNewHeads',
  'chain_unsubscribeNewHeads',
  'state_subscribeRuntimeVersion',
  'state_unsubscribeRuntimeVersion',
  'state_subscribeStorage',
  'state_unsubscribeStorage',
]

export function createSubscriptions(ledger: Ledger, plain: Methods, notify: Notify): Subscriptions {
  const active = new Map<string, () => void>()
  let counter = 0
  const open = (start: (id: string) => () => void): string => {
    counter += 1
    const id = `sub${counter}`
    active.set(id, start(id))
    return id
  }
  const end = ([id]: Params): boolean => {
    const stop = active.get(String(id))
    stop?.()
    return active.delete(String(id))
  }
  /** The first notification must come after the reply with the id. */
  const later = (send: () => void): void => void setImmediate(send)

  const newHeads = (method: string) => () =>
    open((id) => {
      const send = (block: Block): void => notify(method, id, headerJson(block.header))
      later(() => active.has(id) && send(ledger.head))
      return ledger.onHead(send)
    })
  const finalizedHeads = () =>
    open((id) => {
      const send = (block: Block): void => notify('chain_finalizedHead', id, headerJson(block.header))
      later(() => active.has(id) && send(ledger.finalized))
      return ledger.onFinalized(send)
    })
  const storage = ([list]: Params) =>
    open((id) => {
      const keys = keyList(list)
      const sent = new Map<string, string | null>()
      const send = (block: Block): void => {
        const changed = keys.filter((key) => {
          const value = block.state.raw(key)
          const hex = value && u8aToHex(value)
          const differs = sent.get(key) !== hex
          sent.set(key, hex)
          return differs
        })
        if (changed.length > 0) notify('state_storage', id, changeSet(block, changed))
      }
      later(() => active.has(id) && send(ledger.head))
      return ledger.onHead(send)
    })
  const watch = ([hex]: Params) => {
    const bytes = bytesOf(hex)
    return open((id) => ledger.submit(bytes, (status) => notify('author_extrinsicUpdate', id, status)).forget)
  }
  const version = () =>
    open((id) => {
      later(() => active.has(id) && notify('state_runtimeVersion', id, plain['state_getRuntimeVersion']?.([])))
      return () => undefined
    })

  return {
    methods: {
      author_submitAndWatchExtrinsic: watch,
      author_unwatchExtrinsic: end,
      chain_subscribeAllHeads: newHeads('chain_allHead'),
      chain_unsubscribeAllHeads: end,
      chain_subscribeFinalizedHeads: finalizedHeads,
      chain_unsubscribeFinalizedHeads: end,
      chain_subscribeNewHead: newHeads('chain_newHead'),
      chain_unsubscribeNewHead: end,
      chain_subscribeNewHeads: newHeads('chain_newHead'),
      chain_unsubscribeNewHeads: end,
      state_subscribeRuntimeVersion: version,
      state_unsubscribeRuntimeVersion: end,
      state_subscribeStorage: storage,
      state_unsubscribeStorage: end,
    },
    close() {
      for (const stop of active.values()) stop()
      active.clear()
    },
  }
}
