import { join } from 'node:path'
import type { DevnetS3 } from './devnet.ts'

export interface DevGatewayOptions {
  readonly chain: string
  readonly netuid: number
  readonly s3: DevnetS3
  readonly bucket: string
  /** Keeps the gateway's state. */
  readonly directory: string
  readonly port: number
}

/** The subnet's auth endpoint, on loopback. */
export interface DevGateway {
  readonly url: string
  /** Reads the chain now; by itself it does so every block time of the real chain, 12 s. */
  readonly refresh: () => Promise<void>
  close(): Promise<void>
}

/** The real gateway in this process, logging errors only. It is loaded only when it is wanted, since it is large. */
export async function startDevGateway(options: DevGatewayOptions): Promise<DevGateway> {
  const { readSettings, startGateway } = await import('@sluice/gateway')
  const { s3 } = options
  const environment = {
    SLUICE_GATEWAY_PUBLIC_URL: `http://127.0.0.1:${options.port || 1}`,
    SLUICE_GATEWAY_PORT: String(options.port),
    SLUICE_GATEWAY_STATE: join(options.directory, 'gateway.sqlite'),
    SLUICE_GATEWAY_LOG_LEVEL: 'error',
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
  const settings = { ...readSettings(environment), publicUrls: [] }
  return await startGateway(settings)
}
