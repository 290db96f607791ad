import { startChainNode } from '@sluice/dev-chain'
import { type Chain, openChain } from '../../src/index.ts'

/** Subnet and keys that every node under test has: the devnet's cast. */
export const netuid = 13

/** The nodes to test: the one the environment names, or the devnet's in the shapes of a new and an old runtime. */
export const nodes: readonly string[] =
  process.env['SLUICE_TEST_CHAIN'] === undefined ? ['devnet current', 'devnet old'] : [process.env['SLUICE_TEST_CHAIN']]

export interface LiveNode {
  readonly url: string
  readonly chain: Chain
  /** Clears what earlier runs wrote for a hotkey, so that each run starts alike. */
  forget(hotkey: string): Promise<void>
  close(): Promise<void>
}

export async function openNode(name: string): Promise<LiveNode> {
  const runtime = name === 'devnet old' ? 'old' : 'current'
  const node = name.startsWith('devnet') ? await startChainNode({ netuid, runtime }) : null
  const url = node?.url ?? name
  const chain = openChain({ endpoints: [url], connectTimeoutMs: 30_000, callTimeoutMs: 60_000 })
  return {
    url,
    chain,
    async forget(hotkey) {
      await chain.use(async (connection) => {
        const items = ['commitmentOf', 'lastCommitment', 'usedSpaceOf'].flatMap((name) => {
          const entry = connection.api.query['commitments']?.[name]
          return entry === undefined ? [] : [entry.key(netuid, hotkey)]
        })
        await connection.send('dev_setStorage', [items.map((key) => [key, null])])
        await connection.send('dev_newBlock', [{ count: 1 }])
      })
    },
    async close() {
      await chain.close()
      await node?.close()
    },
  }
}
