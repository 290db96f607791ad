import { ApiPromise, WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import type { SubmittableExtrinsic } from '@polkadot/api/types'
import { Keyring } from '@polkadot/keyring'
import type { KeyringPair } from '@polkadot/keyring/types'
import { cryptoWaitReady } from '@polkadot/util-crypto'

/** The client that the product uses, against one node. */
export interface Client {
  readonly api: ApiPromise
  readonly provider: WsProvider
  key(uri: string): KeyringPair
  commit(fields: readonly unknown[]): SubmittableExtrinsic<'promise'>
  /** Resolves when the extrinsic is final or can no longer be; rejects when the node refuses it. */
  send(tx: SubmittableExtrinsic<'promise'>, uri: string, options?: object): Promise<Outcome>
  close(): Promise<void>
}
interface Outcome {
  /** `pallet.Error` of a module error, the kind of any other dispatch error, null after success. */
  readonly error: string | null
  readonly statuses: readonly string[]
  readonly events: readonly string[]
  readonly blockHash: string
}

export async function openClient(url: string): Promise<Client> {
  await cryptoWaitReady()
  const provider = new WsProvider(url)
  const api = await ApiPromise.create({
    provider: provider as ApiOptions['provider'] & object,
    noInitWarn: true,
    throwOnConnect: true,
  })
  const ring = new Keyring({ type: 'sr25519', ss58Format: 42 })
  const key = (uri: string): KeyringPair => ring.addFromUri(uri)
  return {
    api,
    provider,
    key,
    commit: (fields) => api.tx['commitments']!['setCommitment']!(13, { fields }),
    send: (tx, uri, options = {}) => send(tx, key(uri), options),
    close: () => api.disconnect(),
  }
}

async function send(tx: SubmittableExtrinsic<'promise'>, pair: KeyringPair, options: object): Promise<Outcome> {
  const statuses: string[] = []
  return await new Promise((resolve, reject) => {
    tx.signAndSend(pair, options, (result) => {
      statuses.push(result.status.type)
      if (!result.isFinalized && !result.isError) return
      const failure = result.dispatchError
      const module = failure?.isModule ? failure.registry.findMetaError(failure.asModule) : null
      resolve({
        error: module ? `${module.section}.${module.name}` : (failure?.type ?? null),
        statuses,
        events: result.events.map(({ event }) => `${event.section}.${event.method}`),
        blockHash: result.status.isFinalized ? result.status.asFinalized.toHex() : '',
      })
    }).catch(reject)
  })
}
