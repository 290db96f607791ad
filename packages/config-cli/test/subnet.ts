import { type Chain, hotkeyFromUri, openChain, publishPolicy, readPolicyRecord, type PolicyRecord } from '@sluice/chain'
import { startChainNode, type ChainNodeOptions, type DevChain } from '@sluice/dev-chain'
import { createPolicy, type PolicyInput } from '@sluice/rollout'
import { runCli, type Ran, type RunOptions } from './harness.ts'
import { createWallets } from './wallet.ts'

export interface TestSubnet {
  readonly node: DevChain
  readonly chain: Chain
  /** Runs a command line on this subnet; words are separated by spaces. */
  readonly run: (line: string, options?: RunOptions) => Promise<Ran>
  record(): Promise<PolicyRecord>
  /** Publishes without the CLI. */
  publish(policy: PolicyInput): Promise<void>
  /** Puts Raw fields into the owner's commitment, as another program would. */
  putCommitment(fields: readonly Uint8Array[]): Promise<void>
  close(): Promise<void>
}

/** What most policies need. */
export const s3 = { bucketName: 'data-universe-subnet', authEndpoint: 'https://gateway.example.org/auth' }

const encodedCommitment = (fields: readonly Uint8Array[]): string => {
  // Registration: deposit u64, block u32 (2), fields as Vec<Data>; Data: RawN has index N + 1.
  const head = [...Array.from({ length: 8 }, () => 0), 2, 0, 0, 0, fields.length << 2]
  return `0x${Buffer.from([...head, ...fields.flatMap((field) => [field.length + 1, ...field])]).toString('hex')}`
}

export const startSubnet = async (options: ChainNodeOptions = {}): Promise<TestSubnet> => {
  const node = await startChainNode({ blockTimeMs: 0, miners: 6, ...options })
  const wallets = await createWallets({
    owner: '//Alice//hot',
    coldkey: '//Alice',
    stranger: '//Stranger',
    miner: '//Miner//0',
    locked: '$NACLshort',
    broken: '{"ss58Address":',
  })
  const chain = openChain({ endpoints: [node.url] })
  const env = { SLUICE_CHAIN_ENDPOINT: node.url, SLUICE_WALLET_PATH: wallets.path }
  return {
    node,
    chain,
    run: async (line, extra = {}) =>
      await runCli(line.split(' ').filter(Boolean), { ...extra, env: { ...env, ...extra.env } }),
    record: async () => await readPolicyRecord(chain, node.netuid),
    publish: async (policy) => {
      const hotkey = await hotkeyFromUri(node.owner.hotkeyUri)
      await publishPolicy(chain, { netuid: node.netuid, hotkey, policy: createPolicy(policy) })
    },
    putCommitment: async (fields) => {
      const change = [[[node.netuid, node.owner.hotkey], encodedCommitment(fields)]]
      await chain.use(
        async (connection) => await connection.send('dev_setStorage', [{ Commitments: { CommitmentOf: change } }]),
      )
    },
    close: async () => {
      await chain.close()
      await node.close()
      await wallets.remove()
    },
  }
}
