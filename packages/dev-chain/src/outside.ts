/** A node that runs elsewhere (the real runtime under chopsticks, or another devnet), seen as a DevChain. */
import { hexToU8a } from '@polkadot/util'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { decode } from './codec/codec.ts'
import { createCast } from './pallets/genesis.ts'
import type { DevChain } from './node.ts'
import { subnetOwnerHotkey, uids } from './pallets/subtensor.ts'

export interface OutsideOptions {
  readonly url: string
  readonly netuid: number
  readonly miners: number
  readonly validators: number
  /** Milliseconds for one call, default 60,000: the real runtime needs up to half a second for a block. */
  readonly timeoutMs?: number
}
/** chopsticks builds a block in 0.25 to 0.45 s, clients give up after 60 s. */
const BLOCKS_AT_ONCE = 50
const replyShape = z.object({ result: z.unknown(), error: z.object({ message: z.string() }).optional() })
const changesShape = z.tuple(
  [z.object({ changes: z.array(z.tuple([z.string(), z.string().nullable()])) })],
  z.unknown(),
)

/**
 * Checks that the expected cast is registered there. Levers use the `dev_*` methods, which only development nodes have.
 * Throws Error when the node does not answer or a hotkey is not registered.
 */
export async function attachChain(options: OutsideOptions): Promise<DevChain> {
  const { url, netuid } = options
  const call = (method: string, params: readonly unknown[] = []): Promise<unknown> =>
    callOnce(url, method, params, options.timeoutMs ?? 60_000)
  const cast = await createCast(options)
  const keys = cast.map((neuron) => uids.key(netuid, neuron.hotkey))
  const answer = changesShape.safeParse(await call('state_queryStorageAt', [keys]))
  if (!answer.success) throw new Error(`${url} is no Substrate node: its answer to state_queryStorageAt is none`)
  const found = new Map(answer.data[0].changes)
  const neurons = cast.map((neuron, index) => {
    const value = found.get(keys[index] ?? '')
    if (value == null) {
      throw new Error(
        `${neuron.uri} (${neuron.hotkey}) is not registered in subnet ${netuid} on ${url}; start that node with enough ` +
          'miners and validators, or ask for fewer here',
      )
    }
    return { ...neuron, uid: decode(uids.codec, hexToU8a(value)) }
  })
  const numberAt = async (hash: unknown): Promise<{ block: number; hash: string }> => {
    const header = (await call('chain_getHeader', [hash])) as { number: string }
    return { block: Number(header.number), hash: String(hash) }
  }
  const head = async (): Promise<{ block: number; hash: string }> => await numberAt(await call('chain_getBlockHash'))
  const produceBlocks = async (count: number): Promise<string> => {
    for (let left = count; left > 0; left -= BLOCKS_AT_ONCE) {
      await call('dev_newBlock', [{ count: Math.min(left, BLOCKS_AT_ONCE) }])
    }
    return (await head()).hash
  }
  const [owner] = neurons
  if (!owner) throw new RangeError('a subnet has at least its owner')
  const close = (): Promise<void> => Promise.resolve()
  return {
    url,
    netuid,
    owner: { coldkeyUri: owner.coldkeyUri, hotkeyUri: owner.uri, hotkey: owner.hotkey },
    neurons,
    head,
    finalizedHead: async () => await numberAt(await call('chain_getFinalizedHead')),
    produceBlocks,
    async reorg(depth) {
      await call('dev_setHead', [(await head()).block - depth])
      await produceBlocks(depth + 1)
    },
    stallFinality() {
      throw new Error(`${url} is an outside node: its finality cannot be stalled from here`)
    },
    async setOwnerHotkey(hotkey) {
      await call('dev_setStorage', [{ SubtensorModule: { [subnetOwnerHotkey.name]: [[[netuid], hotkey]] } }])
      await produceBlocks(1)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** One JSON-RPC call on a connection of its own. */
async function callOnce(url: string, method: string, params: readonly unknown[], timeoutMs: number): Promise<unknown> {
  const socket = new WebSocket(url, { handshakeTimeout: timeoutMs })
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${url} did not answer ${method} in ${timeoutMs} ms`)), timeoutMs)
      const fail = (cause: unknown): void => {
        clearTimeout(timer)
        reject(new Error(`cannot reach the chain at ${url}; is the node running?`, { cause }))
      }
      socket.once('error', fail)
      socket.once('close', () => fail(undefined))
      socket.once('open', () => socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })))
      socket.once('message', (data) => {
        clearTimeout(timer)
        const reply = replyShape.safeParse(jsonOf((data as Buffer).toString()))
        if (!reply.success) reject(new Error(`${url} is no Substrate node: its answer to ${method} is no JSON-RPC`))
        else if (reply.data.error) reject(new Error(`${method} at ${url}: ${reply.data.error.message}`))
        else resolve(reply.data.result)
      })
    })
  } finally {
    socket.removeAllListeners('close')
    socket.terminate()
  }
}
