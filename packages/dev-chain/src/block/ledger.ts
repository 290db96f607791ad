/** The chain of blocks: best head, finalized head, forks, the pool, and who wants to hear about them. */
import { type Block, buildBlock, genesisBlock } from './block.ts'
import type { Extrinsic } from './extrinsic.ts'
import { RpcFailure } from '../rpc/failure.ts'
import { createPool, type Pool, type Validity } from './pool.ts'
import type { Runtime } from '../pallets/runtime.ts'
import type { Changes } from './state.ts'

type ExtrinsicStatus = 'ready' | 'future' | 'dropped' | 'invalid' | Readonly<Record<string, string>>
export interface LedgerOptions {
  readonly runtime: Runtime
  readonly genesis: Changes
  readonly now: () => number
  /** Blocks between best and finalized head. */
  readonly finalityLag: number
  /** Whether an extrinsic that arrives is put into a block of its own at once. */
  readonly instant: boolean
  /** Blocks kept with their state. */
  readonly retained: number
}
export interface Ledger {
  readonly runtime: Runtime
  readonly head: Block
  readonly finalized: Block
  readonly pool: Pool
  byHash(hash: string): Block | null
  /** Block of the best chain by number. */
  byNumber(number: number): Block | null
  newBlocks(count: number): Block
  setHead(target: Block): void
  /** Writes to storage with the next block, before its extrinsics. */
  stage(key: string, value: Uint8Array): void
  reorg(depth: number, resubmit: boolean): void
  stallFinality(on: boolean): void
  submit(bytes: Uint8Array, watch?: (status: ExtrinsicStatus) => void): { hash: string; forget: () => void }
  onHead(listener: (block: Block) => void): () => void
  onFinalized(listener: (block: Block) => void): () => void
}

const BLOCK_LIMIT = 500

export function createLedger(options: LedgerOptions): Ledger {
  const { runtime } = options
  const pool = createPool(runtime)
  const known = new Map<string, Block>()
  const best: Block[] = []
  /** Blocks of replaced branches; they can be read until they are too old. */
  const orphans: Block[] = []
  const heads = new Set<(block: Block) => void>()
  const finals = new Set<(block: Block) => void>()
  const watchers = new Map<string, Set<(status: ExtrinsicStatus) => void>>()
  const staged: Changes = new Map()
  let offset = 0
  let slot = 0
  let lastTimestamp = 0
  let stalled = false
  const genesis = genesisBlock(options.genesis)
  known.set(genesis.hash, genesis)
  best.push(genesis)
  let finalized = genesis

  const forget = (block: Block | undefined): void => {
    if (block && block !== genesis) known.delete(block.hash)
  }
  const head = (): Block => best.at(-1) ?? genesis
  const byNumber = (number: number): Block | null => (number === 0 ? genesis : (best[number - offset] ?? null))
  const hashAt = (number: number): string | null => byNumber(number)?.hash ?? null
  const tell = (hash: string, status: ExtrinsicStatus): void => {
    for (const watcher of watchers.get(hash) ?? []) watcher(status)
    const isLast = status === 'dropped' || status === 'invalid' || (typeof status === 'object' && 'finalized' in status)
    if (isLast) watchers.delete(hash)
  }

  const append = (extrinsics: readonly Extrinsic[]): Block => {
    slot += 1
    const parent = head()
    lastTimestamp = Math.max(options.now(), lastTimestamp + 1)
    const block = buildBlock(runtime, parent, { extrinsics, staged, timestamp: lastTimestamp, slot })
    staged.clear()
    known.set(block.hash, block)
    best.push(block)
    while (best.length > options.retained) {
      offset += 1
      forget(best.shift())
      while (orphans[0] && orphans[0].number < offset) forget(orphans.shift())
    }
    for (const extrinsic of extrinsics) tell(extrinsic.hash, { inBlock: block.hash })
    for (const listener of heads) listener(block)
    advance()
    return block
  }

  const advance = (): void => {
    if (stalled) return
    const goal = head().number - options.finalityLag
    while (finalized.number < goal) {
      const next = byNumber(finalized.number + 1)
      if (!next) return
      finalized = next
      for (const extrinsic of next.signed) tell(extrinsic.hash, { finalized: next.hash })
      for (const listener of finals) listener(next)
    }
  }

  const produce = (): Block => {
    const { ready, dropped } = pool.take(head(), hashAt, options.instant ? 1 : BLOCK_LIMIT)
    for (const extrinsic of dropped) tell(extrinsic.hash, 'invalid')
    return append(ready)
  }
  /** Instant sealing: one block for each extrinsic that can go in. */
  const drain = (): void => {
    while (options.instant) {
      const { ready, dropped } = pool.take(head(), hashAt, 1)
      for (const extrinsic of dropped) tell(extrinsic.hash, 'invalid')
      if (ready.length === 0) return
      append(ready)
    }
  }

  const retract = (target: Block, resubmit: boolean): void => {
    const gone: Block[] = []
    while (head() !== target && best.length > 1) gone.push(best.pop() as Block)
    if (finalized.number > target.number) finalized = target
    orphans.push(...gone)
    orphans.sort((a, b) => a.number - b.number)
    for (const block of gone) {
      for (const extrinsic of block.signed) {
        tell(extrinsic.hash, { retracted: block.hash })
        if (!resubmit) tell(extrinsic.hash, 'dropped')
      }
      if (resubmit) pool.restore(block.signed)
    }
  }

  return {
    runtime,
    pool,
    get head() {
      return head()
    },
    get finalized() {
      return finalized
    },
    byHash: (hash) => known.get(hash) ?? null,
    byNumber,
    newBlocks(count) {
      let block = head()
      for (let index = 0; index < count; index += 1) block = produce()
      return block
    },
    stage: (key, value) => void staged.set(key, value),
    setHead(target) {
      if (byNumber(target.number) !== target) throw new RpcFailure(-32_000, 'Block is not on the best chain')
      retract(target, false)
      for (const listener of heads) listener(target)
    },
    reorg(depth, resubmit) {
      const target = byNumber(head().number - depth)
      if (!target || target.number < finalized.number) {
        throw new RangeError(
          `cannot replace ${depth} blocks: only ${head().number - finalized.number} are not final; raise finalityLag or stall finality`,
        )
      }
      retract(target, resubmit)
      for (let index = 0; index <= depth; index += 1) append([])
      drain()
    },
    stallFinality(on) {
      stalled = on
      advance()
    },
    submit(bytes, watch) {
      const { extrinsic, validity } = pool.submit(bytes, head(), hashAt)
      const group = watchers.get(extrinsic.hash) ?? new Set()
      if (watch) watchers.set(extrinsic.hash, group.add(watch))
      const status: Validity = validity
      // The reply with the subscription id goes out before the first status.
      setImmediate(() => {
        tell(extrinsic.hash, status)
        drain()
      })
      return { hash: extrinsic.hash, forget: () => void group.delete(watch ?? (() => undefined)) }
    },
    onHead: (listener) => subscribe(heads, listener),
    onFinalized: (listener) => subscribe(finals, listener),
  }
}

function subscribe<T>(set: Set<T>, listener: T): () => void {
  set.add(listener)
  return () => void set.delete(listener)
}
