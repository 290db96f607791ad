import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hotkeyFromUri, openChain, publishPolicy } from '@sluice/chain'
import { type Devnet, type DevnetOptions, startDevnet } from '@sluice/devnet'
import { createPolicy, type PolicyInput } from '@sluice/rollout'
import type { GatewayOptions } from './bucket.ts'

/** A devnet whose policy sends `//miner//0`… to S3 through its gateway. */
export interface GatewayScene {
  readonly devnet: Devnet
  readonly url: string
  readonly folder: string
  /** Options for a backend of the miner with this number. */
  options(miner: number): Promise<GatewayOptions>
  publish(more: PolicyInput): Promise<void>
  close(): Promise<void>
}

/** The store that the environment names, in a bucket of our own; without one the devnet's. */
function outsideStore(): Pick<DevnetOptions, 's3' | 'bucket'> {
  const url = process.env['SLUICE_TEST_S3_ENDPOINT']
  if (url === undefined) return {}
  const accessKeyId = process.env['SLUICE_TEST_S3_ACCESS_KEY'] ?? ''
  const secretAccessKey = process.env['SLUICE_TEST_S3_SECRET_KEY'] ?? ''
  return { s3: { url, accessKeyId, secretAccessKey }, bucket: `sluice-gateway-${process.hrtime.bigint()}` }
}

export async function openGatewayScene(miners = 2): Promise<GatewayScene> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-gateway-'))
  const devnet = await startDevnet({
    directory: join(folder, 'devnet'),
    miners,
    blockTimeMs: 0,
    gateway: true,
    ...outsideStore(),
  })
  const url = devnet.gateway?.url ?? ''
  const chain = openChain({ endpoints: [devnet.chain.url] })
  const owner = await hotkeyFromUri(devnet.chain.owner.hotkeyUri)
  const scene: GatewayScene = {
    devnet,
    url,
    folder,
    options: async (miner) => {
      const { uri, hotkey } = devnet.miners[miner]!
      return {
        endpoints: [url],
        hotkey: await hotkeyFromUri(uri),
        where: `s3://${devnet.bucket}/data/hotkey=${hotkey}/`,
        allowPrivateEndpoints: true,
      }
    },
    publish: async (more) => {
      const policy = createPolicy({
        useS3: true,
        useHuggingFace: true,
        s3: { bucketName: devnet.bucket, authEndpoint: url, region: devnet.s3.region },
        rolloutPercentage: 100,
        ...more,
      })
      await publishPolicy(chain, { netuid: devnet.chain.netuid, hotkey: owner, policy })
      await devnet.gateway?.refresh()
    },
    close: async () => {
      await chain.close()
      await devnet.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
  await scene.publish({})
  return scene
}
