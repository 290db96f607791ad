/** A whole subnet on one machine: chain, wallets, S3 bucket, HuggingFace hub and, when asked for, the gateway. */
import { join } from 'node:path'
import type { DevMiner, DevnetS3 } from './devnet-parts.ts'
import { createBucket, type OutsideS3 } from './make-bucket.ts'
import { type ChainNodeOptions, type DevChain, startChainNode } from '@sluice/dev-chain'
import { attachChain } from '@sluice/dev-chain'
import { openDirectory } from './directory.ts'
import { type DevGateway, startDevGateway } from './gateway.ts'
import { type DevHub, startHub } from '@sluice/dev-hub'
import { type DevS3, type S3ServerOptions, startS3Server } from '@sluice/dev-s3'
import { orUndo, type Undo } from './undo.ts'
import { walletNames, writeWallets } from './wallets.ts'

export interface DevnetOptions extends Pick<
  ChainNodeOptions,
  'netuid' | 'miners' | 'validators' | 'tempo' | 'blockTimeMs' | 'finalityLag' | 'instant' | 'runtime'
> {
  /** Kept at close; without it a temporary folder that is removed at close. */
  readonly directory?: string
  /** ws:// URL of a node that runs elsewhere, with the same cast registered. */
  readonly chain?: string
  /** An S3 server that runs elsewhere; the bucket is created there and left at close. */
  readonly s3?: OutsideS3
  /** Default `sluice`. */
  readonly bucket?: string
  /** Loopback ports; 0 (default) takes free ones. */
  readonly ports?: {
    readonly chain?: number
    readonly s3?: number
    readonly hub?: number
    readonly gateway?: number
  }
  /** Start the auth endpoint too; default false. */
  readonly gateway?: boolean
}

export interface Devnet {
  readonly chain: DevChain
  readonly s3: DevnetS3
  readonly hub: DevHub
  /** Null unless it was asked for. */
  readonly gateway: DevGateway | null
  readonly directory: string
  readonly walletPath: string
  readonly bucket: string
  readonly miners: readonly DevMiner[]
  /** Stops everything in reverse order; closing twice is harmless. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts everything on loopback. What already runs is stopped again when a later part fails.
 * Throws Error when a port is taken, another devnet uses the directory, an outside node or server does not answer,
 * or refuses.
 */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  return await orUndo((undo) => start(options, undo))
}

async function start(options: DevnetOptions, undo: Undo): Promise<Devnet> {
  const { netuid = 13, miners = 4, validators = 1, bucket = 'sluice', ports = {} } = options
  const folder = await openDirectory(options.directory)
  undo.later(() => folder.close())
  const directory = folder.path

  const chain =
    options.chain === undefined
      ? await startChainNode({ ...options, netuid, miners, validators, port: ports.chain ?? 0 })
      : await attachChain({ url: options.chain, netuid, miners, validators })
  undo.later(() => chain.close())
  const walletPath = await writeWallets(directory, chain.neurons)
  const names = walletNames(chain.neurons)
  const cast = chain.neurons
    .map((neuron, index) => ({ ...neuron, walletName: names[index] ?? '' }))
    .filter((neuron) => neuron.role === 'miner')
    .map(({ uid, uri, hotkey, walletName }, index): DevMiner => {
      return { uid, uri, hotkey, walletName, hfUser: `miner-${index}`, hfToken: `hf_devnet_miner_${index}` }
    })

  const s3 = options.s3
    ? await attachS3(options.s3, bucket)
    : await startOwnS3({ directory: join(directory, 's3'), port: ports.s3 ?? 0, buckets: [bucket] }, undo)
  const users = cast.map(({ hfUser, hfToken }) => ({ name: hfUser, token: hfToken }))
  const hub = await startHub({ directory: join(directory, 'hub'), port: ports.hub ?? 0, users })
  undo.later(() => hub.close())

  const gateway =
    options.gateway === true
      ? await startDevGateway({ chain: chain.url, netuid, s3, bucket, directory, port: ports.gateway ?? 0 })
      : null
  if (gateway !== null) undo.later(() => gateway.close())

  const close = undo.run
  return { chain, s3, hub, gateway, directory, walletPath, bucket, miners: cast, close, [Symbol.asyncDispose]: close }
}

async function startOwnS3(options: S3ServerOptions, undo: Undo): Promise<DevS3> {
  const server = await startS3Server(options)
  undo.later(() => server.close())
  return server
}

async function attachS3(server: OutsideS3, bucket: string): Promise<DevnetS3> {
  await createBucket(server, bucket)
  const { url, accessKeyId, secretAccessKey, region = 'us-east-1' } = server
  return { url, accessKeyId, secretAccessKey, region, faults: null }
}
