import { openWithPassword, type Terminal } from '@sluice/command-line'
import type { Hotkey } from '@sluice/hotkey'
import type { BucketKeys, S3Choice } from '../bucket-access.ts'
import {
  type ChainChoice,
  createConfigFromChainOrEnv,
  createStorageFromConfig,
  lastGoodFileOf,
  openHotkey,
} from '../compose.ts'
import type { DualStorage } from '../dual-storage.ts'
import type { Log } from '../log.ts'
import type { StorageConfig } from '../policy/in-force.ts'
import { type BucketSettings, checkPairs, type PolicySettings, stateFileOf, type UploadSettings } from '../settings.ts'

/** What `sluice-miner` passes on beside its settings. */
export interface CliContext {
  readonly log: Log
  readonly terminal: Pick<Terminal, 'password' | 'warn' | 'waiting'>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** The hotkey that the settings name; its password is asked for at a terminal. @throws ChainError `NO_WALLET`, … */
export async function hotkeyFromSettings(
  settings: PolicySettings,
  { terminal, signal }: Pick<CliContext, 'terminal' | 'signal'>,
): Promise<Hotkey> {
  const name = `${settings.walletName ?? 'default'}/${settings.hotkeyName ?? 'default'}`
  const lock = { name, password: settings.password, variable: 'SLUICE_WALLET_PASSWORD' }
  const open = async (password: string | undefined) => await openHotkey({ ...settings, password })
  return await openWithPassword(terminal, lock, open, signal)
}

/** The storage that the settings describe. @throws as `createStorageFromConfig` */
export async function openFromSettings(settings: UploadSettings, context: CliContext): Promise<DualStorage> {
  checkPairs(settings)
  const { encodingPublicKey, encodingPrivateKey } = settings
  const encodingKeys =
    encodingPublicKey === undefined || encodingPrivateKey === undefined
      ? undefined
      : { publicKey: encodingPublicKey, privateKey: encodingPrivateKey }
  return await createStorageFromConfig({
    chain: chainOf(settings),
    netuid: settings.netuid,
    hotkey: await hotkeyFromSettings(settings, context),
    stateFile: stateFileOf(settings),
    retention: settings.retention,
    forceS3: settings.forceS3,
    forceHuggingFace: settings.forceHuggingFace,
    log: context.log,
    huggingFace: {
      ...(settings.hubToken === undefined ? {} : { token: settings.hubToken }),
      ...(settings.hubNamespace === undefined ? {} : { namespace: settings.hubNamespace }),
      ...(settings.hubPrefix === undefined ? {} : { prefix: settings.hubPrefix }),
      ...(settings.hubUrl === undefined ? {} : { hubUrl: settings.hubUrl }),
    },
    dbPath: settings.db,
    environment: context.environment,
    ...accessFromSettings(settings),
    ...(encodingKeys === undefined ? {} : { encodingKeys }),
  })
}

/** How the settings want the bucket to be reached: directly with credentials, else through the gateway. */
export function accessFromSettings(settings: BucketSettings): Pick<BucketKeys, 'trust'> & { readonly s3?: S3Choice } {
  checkPairs(settings)
  const { accessKeyId, secretAccessKey, sessionToken, s3Endpoint, allowPrivateEndpoints, pinnedHosts } = settings
  const trust = { allowPrivateEndpoints, pinnedHosts }
  if (accessKeyId === undefined || secretAccessKey === undefined) return { trust }
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
  return { trust, s3: { credentials, ...(s3Endpoint === undefined ? {} : { endpoint: s3Endpoint }) } }
}

/** The policy in force for the hotkey that the settings name. @throws as `createConfigFromChainOrEnv` */
export async function configFromSettings(
  settings: PolicySettings,
  context: CliContext,
  signer?: Hotkey,
): Promise<StorageConfig> {
  const hotkey = signer ?? (await hotkeyFromSettings(settings, context))
  const { log, environment, signal, terminal } = context
  const reading = createConfigFromChainOrEnv({
    chain: chainOf(settings),
    netuid: settings.netuid,
    hotkey: hotkey.address,
    forceS3: settings.forceS3,
    forceHuggingFace: settings.forceHuggingFace,
    lastGoodFile: lastGoodFileOf(stateFileOf(settings)),
    log,
    environment,
    signal,
  })
  return await terminal.waiting('the chain', reading)
}

function chainOf({ network, endpoint }: PolicySettings): ChainChoice {
  return {
    ...(network === undefined ? {} : { network }),
    ...(endpoint === undefined ? {} : { endpoints: endpoint.split(',') }),
  }
}
