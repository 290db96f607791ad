import { type DevChain, startChainNode } from '@sluice/dev-chain'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type ChainOptions, openChain } from '../src/index.ts'
import { startProxy } from './proxy.ts'

/** The time of the chain under test stands still at its last block; ours is set by hand. */
describe('a stale head', () => {
  let node: DevChain
  const start = 1_795_000_000_000
  let chainTime = start
  beforeAll(async () => {
    node = await startChainNode({ blockTimeMs: 0, now: () => chainTime })
  })
  afterAll(async () => {
    await node.close()
  })

  /** An endpoint that stops at the present finalized block. */
  const stuck = async () => {
    const proxy = await startProxy(node.url)
    onTestFinished(async () => await proxy.close())
    const { hash } = await node.finalizedHead()
    proxy.answer = (method) => (method === 'chain_getFinalizedHead' ? hash : undefined)
    return proxy
  }
  const open = (endpoints: readonly string[], options: Partial<ChainOptions> = {}) => {
    const log: string[] = []
    const chain = openChain({ ...options, endpoints, now: () => chainTime, log: (_level, line) => log.push(line) })
    onTestFinished(async () => await chain.close())
    return { chain, log }
  }
  const later = async (ms: number): Promise<void> => {
    chainTime += ms
    await node.produceBlocks(1)
  }

  it('loses against a fresh one when connecting', async () => {
    const proxy = await stuck()
    await later(200_000)
    const { chain } = open([proxy.url, node.url])
    expect((await chain.finalizedHead()).hash).toBe((await node.finalizedHead()).hash)
    expect(chain.endpoint).toBe(node.url)
  })

  it('is noticed while connected', async () => {
    const proxy = await stuck()
    const { chain, log } = open([proxy.url, node.url])
    await chain.finalizedHead()
    expect(chain.endpoint).toBe(proxy.url)
    await later(60_000)
    await chain.finalizedHead()
    expect(chain.endpoint).toBe(proxy.url)
    await later(100_000)
    expect((await chain.finalizedHead()).hash).toBe((await node.finalizedHead()).hash)
    expect(chain.endpoint).toBe(node.url)
    expect(log.join(' ')).toContain('has no fresh finalized block any more')
  })

  it('is better than none, and the least old one is taken', async () => {
    const oldest = await stuck()
    await later(200_000)
    const older = await stuck()
    chainTime += 500_000
    const { chain, log } = open([oldest.url, older.url])
    expect((await chain.finalizedHead()).hash).toBe((await node.finalizedHead()).hash)
    expect(chain.endpoint).toBe(older.url)
    expect(log.join(' ')).toContain('No endpoint has a fresh finalized block')
    const { chain: alone } = open([oldest.url])
    expect((await alone.finalizedHead()).block).toBeLessThan((await node.finalizedHead()).block)
  })
})
