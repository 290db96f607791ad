import { join } from 'node:path'
import type { Log } from '@sluice/gateway'
import type { DevnetS3 } from './devnet-parts.ts'

export interface DevGatewayOptions {
  readonly chain: string
  readonly netuid: number
  /** Where clients reach the store: the URLs that it signs point there. */
  readonly s3: Pick<DevnetS3, 'url' | 'region' | 'accessKeyId' | 'secretAccessKey'>
  readonly bucket: string
  /** Keeps the gateway's state. */
  readonly directory: string
  readonly port: number
  /** Told of every request; default nobody. */
  readonly log?: Log
}

/** The subnet's auth endpoint, on loopback. */
export interface DevGateway {
  readonly url: string
  /** Reads the chain now; by itself it does so twice a second. */
  readonly refresh: () => Promise<void>
  close(): Promise<void>
}

/** The chain of a devnet moves faster than a real one, and people do not wait 12 s for a change of the dial. */
const REFRESH_MS = 500

const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** The real gateway in this process. It is loaded only when it is wanted, since it is large. */
export async function startDevGateway(options: DevGatewayOptions): Promise<DevGateway> {
  const { readSettings, startGateway } = await import('@sluice/gateway')
  const { s3 } = options
  const environment = {
    SLUICE_GATEWAY_PUBLIC_URL: `http://127.0.0.1:${options.port || 1}`,
    SLUICE_GATEWAY_PORT: String(options.port),
    SLUICE_GATEWAY_STATE: join(options.directory, 'gateway.sqlite'),
    // Pages on a developer's machine may call it.
    SLUICE_GATEWAY_CORS_ORIGINS: '*',
    SLUICE_NETUID: String(options.netuid),
    SLUICE_CHAIN_ENDPOINT: options.chain,
    SLUICE_S3_BUCKET: options.bucket,
    SLUICE_S3_REGION: s3.region,
    SLUICE_S3_ENDPOINT: s3.url,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  }
  // Its URL is where it listens, which a free port tells only then.
  // A devnet never leaves the machine.
  const settings = { ...readSettings(environment), publicUrls: [], proxies: () => null }
  const gateway = await startGateway(settings, options.log ?? silent)
  // What fails is told to the log, and tried again.
  const timer = setInterval(() => void gateway.refresh().catch(() => undefined), REFRESH_MS)
  timer.unref()
  return {
    url: gateway.url,
    refresh: async () => {
      // One may be running that began before what the caller wants to be seen.
      await gateway.refresh()
      await gateway.refresh()
    },
    close: async () => {
      clearInterval(timer)
      await gateway.close()
    },
  }
}
