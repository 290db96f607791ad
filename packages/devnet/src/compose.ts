/** Starts what the command asks for and says where it is; the only place that wires the parts. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChainNode } from './chain/node.ts'
import { type Devnet, type DevnetOptions, startDevnet } from './devnet.ts'
import { startHub } from './hub/server.ts'
import { startS3Server } from './s3/server.ts'
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
  if (part === 'chain') return await startChainAlone(options)
  if (part === 's3') return await startS3Alone(options)
  if (part === 'hub') return await startHubAlone(options)
  return describeDevnet(await startDevnet(options))
}

function describeDevnet(devnet: Devnet): Running {
  const { chain, s3, hub, miners, walletPath, bucket } = devnet
  const [first] = miners
  return {
    facts: {
      ready: true,
      chain: chain.url,
      netuid: chain.netuid,
      s3: { url: s3.url, region: s3.region, bucket },
      hub: hub.url,
      walletPath,
      owner: chain.owner,
      neurons: chain.neurons,
      miners,
    },
    environment: {
      SLUICE_CHAIN_ENDPOINT: chain.url,
      SLUICE_NETUID: String(chain.netuid),
      SLUICE_WALLET_PATH: walletPath,
      SLUICE_S3_ENDPOINT: s3.url,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      SLUICE_HF_ENDPOINT: hub.url,
      ...(first ? { HF_TOKEN: first.hfToken } : {}),
    },
    notes: [
      `bucket ${bucket}, region ${s3.region}`,
      'wallets: owner (signs policies), ' +
        chain.neurons
          .filter((one) => one.role === 'validator')
          .map((_, index) => `validator-${index}, `)
          .join('') +
        `miner-0 to miner-${miners.length - 1}; every hotkey is called default`,
      'each miner-N has its own hub user miner-N with token hf_devnet_miner_N; HF_TOKEN below is miner-0’s',
    ],
    close: () => devnet.close(),
  }
}

async function startChainAlone(options: DevnetOptions): Promise<Running> {
  if (options.chain !== undefined) throw new Error('--chain names an outside node, so there is no chain to start')
  const folder = await openFolder(options.directory)
  const chain = await startChainNode({ ...options, port: options.ports?.chain ?? 0 })
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
    async close() {
      await chain.close()
      await folder.remove()
    },
  }
}

async function startS3Alone(options: DevnetOptions): Promise<Running> {
  if (options.s3 !== undefined) throw new Error('--s3 names an outside server, so there is no S3 server to start')
  const { bucket = 'sluice', directory, ports } = options
  const where = directory === undefined ? {} : { directory: join(directory, 's3') }
  const s3 = await startS3Server({ ...where, port: ports?.s3 ?? 0, buckets: [bucket] })
  return {
    facts: { ready: true, s3: { url: s3.url, region: s3.region, bucket } },
    environment: {
      SLUICE_S3_ENDPOINT: s3.url,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    },
    notes: [`bucket ${bucket}, region ${s3.region}`],
    close: () => s3.close(),
  }
}

async function startHubAlone(options: DevnetOptions): Promise<Running> {
  const { miners = 4, directory, ports } = options
  const users = Array.from({ length: miners }, (_, index) => ({
    name: `miner-${index}`,
    token: `hf_devnet_miner_${index}`,
  }))
  const where = directory === undefined ? {} : { directory: join(directory, 'hub') }
  const hub = await startHub({ ...where, port: ports?.hub ?? 0, users })
  return {
    facts: { ready: true, hub: hub.url, users },
    environment: { SLUICE_HF_ENDPOINT: hub.url, HF_TOKEN: users[0]?.token ?? '' },
    notes: [],
    close: () => hub.close(),
  }
}

async function openFolder(directory: string | undefined): Promise<{ path: string; remove: () => Promise<void> }> {
  if (directory !== undefined) {
    await mkdir(directory, { recursive: true })
    return { path: directory, remove: () => Promise.resolve() }
  }
  const path = await mkdtemp(join(tmpdir(), 'sluice-devnet-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
