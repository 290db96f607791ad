import process from 'node:process'
import { z } from 'zod'

/** What the environment may say; flags win over all of it. Secrets come from here only. */
export interface Settings {
  readonly netuid: string | undefined
  /** ws:// or wss:// URLs, separated by commas. */
  readonly chainEndpoint: string | undefined
  readonly network: string | undefined
  readonly s3Endpoint: string | undefined
  readonly s3Bucket: string | undefined
  readonly s3Region: string | undefined
  readonly accessKeyId: string | undefined
  readonly secretAccessKey: string | undefined
  readonly sessionToken: string | undefined
  readonly walletPath: string | undefined
  readonly walletName: string | undefined
  readonly hotkeyName: string | undefined
  readonly password: string | undefined
  readonly hotkeyUri: string | undefined
  /** For a devnet: endpoints of the policy may be http, loopback or private. */
  readonly allowPrivateEndpoints: boolean
  /** The only hosts that endpoints of the policy, and URLs signed there, may have. */
  readonly pinnedHosts: readonly string[] | undefined
  readonly hubUrl: string | undefined
  readonly hubToken: string | undefined
}

const names = [
  'SLUICE_NETUID',
  'SLUICE_CHAIN_ENDPOINT',
  'SLUICE_NETWORK',
  'SLUICE_S3_ENDPOINT',
  'SLUICE_S3_BUCKET',
  'SLUICE_S3_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'SLUICE_WALLET_PATH',
  'SLUICE_WALLET_NAME',
  'SLUICE_WALLET_HOTKEY',
  'SLUICE_WALLET_PASSWORD',
  'SLUICE_HOTKEY_URI',
  'SLUICE_ALLOW_PRIVATE_ENDPOINTS',
  'SLUICE_PINNED_HOSTS',
  'SLUICE_HF_ENDPOINT',
  'HF_ENDPOINT',
  'HF_TOKEN',
] as const

const schema = z.partialRecord(z.enum(names), z.string().max(4096))

/** Reads the environment; an empty variable counts as not set. */
export function readSettings(env: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const given = names.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []))
  const read = schema.parse(Object.fromEntries(given))
  return {
    netuid: read.SLUICE_NETUID,
    chainEndpoint: read.SLUICE_CHAIN_ENDPOINT,
    network: read.SLUICE_NETWORK,
    s3Endpoint: read.SLUICE_S3_ENDPOINT,
    s3Bucket: read.SLUICE_S3_BUCKET,
    s3Region: read.SLUICE_S3_REGION,
    accessKeyId: read.AWS_ACCESS_KEY_ID,
    secretAccessKey: read.AWS_SECRET_ACCESS_KEY,
    sessionToken: read.AWS_SESSION_TOKEN,
    walletPath: read.SLUICE_WALLET_PATH,
    walletName: read.SLUICE_WALLET_NAME,
    hotkeyName: read.SLUICE_WALLET_HOTKEY,
    password: read.SLUICE_WALLET_PASSWORD,
    hotkeyUri: read.SLUICE_HOTKEY_URI,
    // Anything but a clear yes leaves the guard up.
    allowPrivateEndpoints: /^(true|1|yes|on)$/i.test(read.SLUICE_ALLOW_PRIVATE_ENDPOINTS ?? ''),
    pinnedHosts: read.SLUICE_PINNED_HOSTS?.split(','),
    hubUrl: read.SLUICE_HF_ENDPOINT ?? read.HF_ENDPOINT,
    hubToken: read.HF_TOKEN,
  }
}
