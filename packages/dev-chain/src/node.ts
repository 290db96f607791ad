/** Starts the development chain: a Subtensor-compatible JSON-RPC node in this process. */
import { createCast, createGenesis, type Neuron } from './pallets/genesis.ts'
import { createLedger } from './block/ledger.ts'
import type { RuntimeKind } from './pallets/runtime-kind.ts'
import { createRuntime } from './pallets/create-runtime.ts'
import { startRpcServer } from './rpc/server.ts'
import { subnetOwnerHotkey } from './pallets/subtensor.ts'
import { encode } from './codec/codec.ts'

export interface ChainNodeOptions {
  /** Loopback port; 0 (default) takes a free one. */
  readonly port?: number
  /** Subnet id, 0..65535, default 13. */
  readonly netuid?: number
  /** Registered miners `//Miner//0`…, default 4. */
  readonly miners?: number
  /** Registered validators with permit, default 1. */
  readonly validators?: number
  /** Blocks per epoch minus one, default 360. */
  readonly tempo?: number
  /** A block at least this often, in ms; 0 builds none by the clock. Default 1000. */
  readonly blockTimeMs?: number
  /** Blocks between best and finalized head, default 0. */
  readonly finalityLag?: number
  /** Whether an extrinsic gets a block of its own at once (default), or waits for the next block. */
  readonly instant?: boolean
  /** 'current' answers as spec 293 (default), 'old' as spec 218. */
  readonly runtime?: RuntimeKind
  /** Name that system_chain reports; it also changes the genesis hash. Default 'Bittensor'. */
  readonly name?: string
  /** Blocks kept with their state, default 4096. */
  readonly retained?: number
  readonly now?: () => number
}

export interface DevChain {
  readonly url: string
  readonly netuid: number
  readonly owner: { readonly coldkeyUri: string; readonly hotkeyUri: string; readonly hotkey: string }
  readonly neurons: readonly Neuron[]
  /** Best block. */
  head(): Promise<{ readonly block: number; readonly hash: string }>
  finalizedHead(): Promise<{ readonly block: number; readonly hash: string }>
  /** Builds blocks at once; answers with the hash of the last. */
  produceBlocks(count: number): Promise<string>
  /**
   * Replaces the newest `depth` blocks by a branch that is one longer. Their extrinsics return to the pool unless
   * `drop` is set. Throws RangeError when that would replace final blocks.
   */
  reorg(depth: number, options?: { readonly drop?: boolean }): Promise<void>
  /** Stops the finalized head, or lets it catch up. */
  stallFinality(on: boolean): void
  /** Points SubnetOwnerHotkey at another hotkey, as the owner's coldkey could, in a new block. */
  setOwnerHotkey(hotkey: string): Promise<void>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export async function startChainNode(options: ChainNodeOptions = {}): Promise<DevChain> {
  const { netuid = 13, blockTimeMs = 1000, name = 'Bittensor' } = options
  const cast = await createCast({ validators: options.validators ?? 1, miners: options.miners ?? 4 })
  const genesis = await createGenesis(cast, {
    netuid,
    validators: options.validators ?? 1,
    miners: options.miners ?? 4,
    tempo: options.tempo ?? 360,
  })
  // ":chain-name" is no real key; it makes chains with different names differ in genesis.
  genesis.set('0x3a636861696e2d6e616d65', new TextEncoder().encode(name))
  const ledger = createLedger({
    runtime: createRuntime(options.runtime ?? 'current'),
    genesis,
    now: options.now ?? Date.now,
    finalityLag: options.finalityLag ?? 0,
    instant: options.instant ?? true,
    retained: options.retained ?? 4096,
  })
  ledger.newBlocks(2)
  const server = await startRpcServer(ledger, name, options.port ?? 0)
  const timer = blockTimeMs > 0 ? setInterval(() => ledger.newBlocks(1), blockTimeMs) : null
  timer?.unref()
  const [first] = cast
  if (!first) throw new RangeError('a subnet has at least its owner')
  const close = async (): Promise<void> => {
    if (timer) clearInterval(timer)
    await server.close()
  }
  return {
    url: `ws://127.0.0.1:${server.port}`,
    netuid,
    owner: { coldkeyUri: first.coldkeyUri, hotkeyUri: first.uri, hotkey: first.hotkey },
    neurons: cast,
    head: async () => ({ block: ledger.head.number, hash: ledger.head.hash }),
    finalizedHead: async () => ({ block: ledger.finalized.number, hash: ledger.finalized.hash }),
    produceBlocks: async (count) => ledger.newBlocks(count).hash,
    reorg: async (depth, { drop = false } = {}) => ledger.reorg(depth, !drop),
    stallFinality: (on) => ledger.stallFinality(on),
    async setOwnerHotkey(hotkey) {
      ledger.stage(subnetOwnerHotkey.key(netuid), encode(subnetOwnerHotkey.codec, hotkey))
      ledger.newBlocks(1)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
