/** Starts what the command asks for and says where it is; the only place that wires the parts. */
import { join } from 'node:path'
import { startChainNode } from '@sluice/dev-chain'
import { type Devnet, type DevnetOptions, startDevnet } from './devnet.ts'
import { openDirectory } from './directory.ts'
import { startHub } from '@sluice/dev-hub'
import { startS3Server } from '@sluice/dev-s3'
import { orUndo, type Undo } from './undo.ts'
import { writeWallets } from './wallets.ts'

export type Part = 'all' | 'chain' | 's3' | 'hub'
export interface Running {
  /** What `--json` prints. */
  readonly facts: Readonly<Record<string, unknown>>
  /** Variables that the miner, the validator and the CLI read. */
  readonly environment: Readonly<Record<string, string>>
  /** Extra lines for people. */
  readonly notes: readonly string[]
  close(): Promise<void>
}

/** Throws Error as startDevnet does. */
export async function startPart(part: Part, options: DevnetOptions): Promise<Running> {
  if (part === 'chain') return await orUndo((undo) => startChainAlone(options, undo))
  if (part === 's3') return await orUndo((undo) => startS3Alone(options, undo))
  if (part === 'hub') return await orUndo((undo) => startHubAlone(options, undo))
  return describeDevnet(await startDevnet({ ...options, gateway: options.gateway ?? true }))
}

function describeDevnet(devnet: Devnet): Running {
  const { chain, s3, hub, gateway, miners, walletPath, bucket } = devnet
  const [first] = miners
  return {
    facts: {
      ready: true,
      chain: chain.url,
      netuid: chain.netuid,
      s3: { url: s3.url, region: s3.region, bucket, accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
      hub: hub.url,
      ...(gateway ? { gateway: gateway.url } : {}),
      walletPath,
      owner: chain.owner,
      neurons: chain.neurons,
      miners,
    },
    environment: {
      SLUICE_CHAIN_ENDPOINT: chain.url,
      SLUICE_NETUID: String(chain.netuid),
      SLUICE_WALLET_PATH: walletPath,
      // With a gateway nobody needs the keys of the bucket.
      ...(gateway
        ? { SLUICE_AUTH_ENDPOINT: gateway.url, SLUICE_ALLOW_PRIVATE_ENDPOINTS: 'true' }
        : {
            SLUICE_S3_ENDPOINT: s3.url,
            AWS_ACCESS_KEY_ID: s3.accessKeyId,
            AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
          }),
      SLUICE_HF_ENDPOINT: hub.url,
      ...(first ? { HF_TOKEN: first.hfToken } : {}),
    },
    notes: [
      `bucket ${bucket}, region ${s3.region}, S3 at ${s3.url}`,
      ...(gateway
        ? [
            `gateway ${gateway.url}: the policy’s --auth_endpoint; it admits whom the policy sends to S3`,
            `direct access without it: AWS_ACCESS_KEY_ID=${s3.accessKeyId} AWS_SECRET_ACCESS_KEY=${s3.secretAccessKey} SLUICE_S3_ENDPOINT=${s3.url}`,
          ]
        : []),
      'wallets: owner (signs policies), ' +
        chain.neurons
          .filter((one) => one.role === 'validator')
          .map((_, index) => `validator-${index}, `)
          .join('') +
        `${minerNames(miners.length)}every hotkey is called default`,
      ...(first ? ['each miner-N has its own hub user with token hf_devnet_miner_N; HF_TOKEN below is miner-0’s'] : []),
    ],
    close: () => devnet.close(),
  }
}

function minerNames(count: number): string {
  if (count === 0) return ''
  return count === 1 ? 'miner-0; ' : `miner-0 to miner-${count - 1}; `
}

async function startChainAlone(options: DevnetOptions, undo: Undo): Promise<Running> {
  const folder = await openDirectory(options.directory)
  undo.later(() => folder.close())
  const chain = await startChainNode({ ...options, port: options.ports?.chain ?? 0 })
  undo.later(() => chain.close())
  const walletPath = await writeWallets(folder.path, chain.neurons)
  return {
    facts: {
      ready: true,
      chain: chain.url,
      netuid: chain.netuid,
      walletPath,
      owner: chain.owner,
      neurons: chain.neurons,
    },
    environment: {
      SLUICE_CHAIN_ENDPOINT: chain.url,
      SLUICE_NETUID: String(chain.netuid),
      SLUICE_WALLET_PATH: walletPath,
    },
    notes: [],
    close: undo.run,
  }
}

async function startS3Alone(options: DevnetOptions, undo: Undo): Promise<Running> {
  const { bucket = 'sluice', ports } = options
  const folder = await openDirectory(options.directory)
  undo.later(() => folder.close())
  const s3 = await startS3Server({ directory: join(folder.path, 's3'), port: ports?.s3 ?? 0, buckets: [bucket] })
  undo.later(() => s3.close())
  return {
    facts: { ready: true, s3: { url: s3.url, region: s3.region, bucket } },
    environment: {
      SLUICE_S3_ENDPOINT: s3.url,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    },
    notes: [`bucket ${bucket}, region ${s3.region}`],
    close: undo.run,
  }
}

async function startHubAlone(options: DevnetOptions, undo: Undo): Promise<Running> {
  const { miners = 4, ports } = options
  const users = Array.from({ length: miners }, (_, index) => ({
    name: `miner-${index}`,
    token: `hf_devnet_miner_${index}`,
  }))
  const folder = await openDirectory(options.directory)
  undo.later(() => folder.close())
  const hub = await startHub({ directory: join(folder.path, 'hub'), port: ports?.hub ?? 0, users })
  undo.later(() => hub.close())
  return {
    facts: { ready: true, hub: hub.url, users },
    environment: { SLUICE_HF_ENDPOINT: hub.url, HF_TOKEN: users[0]?.token ?? '' },
    notes: [],
    close: undo.run,
  }
}
