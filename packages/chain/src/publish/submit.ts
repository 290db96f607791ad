import type { ApiPromise } from '@polkadot/api'
import type { SignerOptions, SubmittableExtrinsic } from '@polkadot/api/types'
import { hexToU8a, u8aToHex } from '@polkadot/util'
import { blake2AsU8a } from '@polkadot/util-crypto'
import { type Connection, finalizedHead } from '../connection.ts'
import { ChainError } from '../errors.ts'
import type { Hotkey } from '@sluice/hotkey'
import { isHash } from '../wire.ts'

/**
 * Blocks for which a signed extrinsic stays valid (a power of two): 6.4 minutes of 12 s. It then can never be included,
 * so an unconfirmed write has a certain end.
 */
const mortalPeriod = 32

/** A signed extrinsic, ready to be sent (again): the same bytes cannot take effect twice. */
export interface SignedCall {
  /** 0x hex. */
  readonly hex: string
  /** Its blake2-256 hash, 0x hex. */
  readonly hash: string
  readonly nonce: number
  /** After this block it can no longer be included. */
  readonly lastBlock: number
}

/** Signs a call with a mortal era that starts at the newest finalized block. Sends nothing. */
export async function signCall(
  connection: Connection,
  callHex: string,
  hotkey: Hotkey,
  signal?: AbortSignal,
): Promise<SignedCall> {
  const { api } = connection
  const head = await finalizedHead(connection, signal)
  const index = await connection.send('system_accountNextIndex', [hotkey.address], signal)
  const nonce = Number(index)
  if (!Number.isSafeInteger(nonce)) throw new ChainError('PROTOCOL', `${connection.name} gave no nonce.`)
  const extrinsic = extrinsicOf(api, callHex)
  const era = api.registry.createType('ExtrinsicEra', { current: head.block, period: mortalPeriod })
  const signed = await extrinsic.signAsync(hotkey.address, {
    signer: signerOf(hotkey),
    nonce,
    era: era as never,
    blockHash: head.hash,
    tip: 0,
  })
  return { hex: signed.toHex(), hash: signed.hash.toHex(), nonce, lastBlock: head.block + mortalPeriod }
}

function extrinsicOf(api: ApiPromise, callHex: string): SubmittableExtrinsic<'promise'> {
  const call = api.registry.createType('Call', hexToU8a(callHex)) as unknown as Parameters<ApiPromise['tx']>[0]
  if ((call as { toHex(): string }).toHex() !== callHex)
    throw new ChainError('PROTOCOL', 'The call does not fit the metadata of this chain.')
  return api.tx(call)
}

/** The library asks for signatures by this port; so the secret never leaves the hotkey. */
function signerOf(hotkey: Hotkey): NonNullable<SignerOptions['signer']> {
  return {
    signRaw: async ({ data }) => {
      const payload = hexToU8a(data)
      // The chain verifies long payloads by their hash (sp_runtime, `SignedPayload::using_encoded`).
      const signature = await hotkey.sign(payload.length > 256 ? blake2AsU8a(payload, 256) : payload)
      // MultiSignature: 1 = sr25519.
      return await Promise.resolve({ id: 0, signature: u8aToHex(Uint8Array.from([1, ...signature])) })
    },
  }
}

/** Where a submitted extrinsic stands, in plain words for a progress line. */
export type SubmitProgress = 'sending' | 'ready' | 'in block' | 'retracted' | 'finalized'

/**
 * Sends the extrinsic and follows it to its finalized block, whose hash it gives.
 * Null: the node stopped telling (dropped, usurped, finality time-out, lost connection); the extrinsic may still have
 * been included, which only the chain's state can say.
 * @throws ChainError REFUSED when the node does not take it
 */
export async function sendAndWatch(
  connection: Connection,
  call: SignedCall,
  onProgress: (progress: SubmitProgress) => void,
  watch: AbortSignal,
): Promise<string | null> {
  let finish: (hash: string | null) => void = () => undefined
  const outcome = new Promise<string | null>((resolve) => {
    finish = resolve
  })
  const stop = (): void => finish(null)
  watch.addEventListener('abort', stop, { once: true })
  void connection.lost.then(stop)
  onProgress('sending')
  try {
    const listen = (status: unknown): void => {
      const name = typeof status === 'string' ? status : Object.keys(Object(status) as object)[0]
      const hash: unknown = name === undefined ? null : (Object(status) as Record<string, unknown>)[name]
      if (name === 'ready' || name === 'retracted' || name === 'finalized') onProgress(name)
      else if (name === 'inBlock') onProgress('in block')
      if (name === 'finalized') finish(isHash(hash) ? hash : null)
      else if (name === undefined || lastWords.has(name)) finish(null)
    }
    await connection.submit(call.hex, listen, watch)
    return await outcome
  } catch (error) {
    // Without an answer it may have arrived all the same; only a plain refusal is certain.
    if (!ChainError.is(error) || error.code !== 'NODE_ERROR') return null
    throw new ChainError('REFUSED', `${error.message}. Nothing was written; check the hotkey and try again.`, {
      cause: error,
    })
  } finally {
    watch.removeEventListener('abort', stop)
  }
}

/** Statuses after which the node says no more about an extrinsic, other than `finalized`. */
const lastWords = new Set(['dropped', 'invalid', 'usurped', 'finalityTimeout'])
