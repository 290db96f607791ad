import { type Hotkey, repositoryName } from '@sluice/hotkey'
import {
  createBucketBackend,
  createHuggingFaceBackend,
  huggingFaceNamespace,
  updateDatasetCard,
} from '@sluice/backends'
import {
  type Chain,
  ChainError,
  chainInUse,
  createPolicySource,
  failureKinds,
  hotkeyFromUri,
  knownGenesis,
  loadHotkey,
  openChain,
  publishPointer,
  resolveEndpoints,
} from '@sluice/chain'
import type { Failure } from '@sluice/command-line'
import { createFieldEncoding } from '@sluice/dataset'
import type { Policy } from '@sluice/rollout'
import { pino } from 'pino'
import { type BucketKeys, openBucket, type S3Choice } from './bucket-access.ts'
import { type ChainFacts, type PolicySource, resolveConfig, type StorageConfig } from './policy/in-force.ts'
import { createDataUniverseSource } from './export/data-universe.ts'
import { createDualStorage, type DualStorage, type DualStorageOptions } from './dual-storage.ts'
import { StorageError } from './errors.ts'
import type { Log } from './log.ts'
import type { Overrides } from './policy/override.ts'
import type { PointerPublisher } from './cycle/pointer.ts'
import type { RowSource } from './export/row-source.ts'
import type { Proxies } from '@sluice/http'
import { readEnvironment, readProxies } from './settings.ts'
import type { OpenTarget, Target } from './cycle/target.ts'

/** Where the policy comes from: a Bittensor network, own endpoints, or a source of one's own. */
export type ChainChoice =
  | PolicySource
  | { readonly network?: string; readonly endpoints?: readonly string[]; readonly genesisHash?: string }

export interface HuggingFaceChoice {
  /** Write token. Without it HuggingFace cannot be used. */
  readonly token?: string | undefined
  /** User or organisation; default: the user that the token belongs to. */
  readonly namespace?: string | undefined
  /** The repository is `{namespace}/{prefix}_{first 8 of the hotkey}`. Default `sluice`. */
  readonly prefix?: string | undefined
  /** Default https://huggingface.co. */
  readonly hubUrl?: string | undefined
}

/** Options of `createStorageFromConfig`. */
export interface StorageOptions
  extends
    Overrides,
    Pick<
      DualStorageOptions,
      'hotkey' | 'netuid' | 'stateFile' | 'encodingKeys' | 'retention' | 'limits' | 'calls' | 'additional'
    > {
  readonly chain: ChainChoice
  /** Data Universe's SQLite database, or `rows` for another source. */
  readonly dbPath?: string
  readonly rows?: RowSource
  readonly huggingFace?: HuggingFaceChoice
  /** Direct access to the bucket; without it uploads go through the policy's auth endpoint, signed by the hotkey. */
  readonly s3?: S3Choice
  /** What endpoints of the policy may be; default: https and public addresses only. */
  readonly trust?: BucketKeys['trust']
  /** Publishes the HuggingFace pointer; default: on the chain that was chosen. */
  readonly pointer?: PointerPublisher | null
  /** Proxies on the way; default those of the environment. */
  readonly proxies?: Proxies
  /** Fallback policy; default: the process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly log?: Log
  readonly now?: () => number
}

export type ConfigFromChainOptions = Overrides &
  Pick<StorageOptions, 'chain' | 'netuid' | 'environment' | 'proxies' | 'log'> & {
    /** ss58 */
    readonly hotkey: string
    /** File that keeps the last good policy. */
    readonly lastGoodFile?: string
    readonly signal?: AbortSignal
  }

/**
 * The policy in force (chain, last good, environment, HuggingFace only) and what it means for the hotkey.
 * @throws RolloutError `NO_BACKEND`; HotkeyError; ChainError `BAD_ENDPOINT`
 */
export async function createConfigFromChainOrEnv(options: ConfigFromChainOptions): Promise<StorageConfig> {
  const log = options.log ?? defaultLog()
  const source = openPolicySource(options, options.lastGoodFile, log)
  try {
    const environment = options.environment ?? readEnvironment()
    const { policySource, chainInUse } = source
    return await resolveConfig({ ...options, policySource, chainInUse, environment, log }, options.signal)
  } finally {
    await source.chain?.close()
  }
}

/**
 * The storage of one miner with everything real: chain, database, S3, HuggingFace.
 * Does not wait for the network; that happens in `uploadData`.
 * @throws StorageError `STATE_*`, `BAD_SETTINGS`; ChainError `BAD_ENDPOINT`; DatasetError `BAD_ENCODING_KEY`
 */
export async function createStorageFromConfig(options: StorageOptions): Promise<DualStorage> {
  const { hotkey, netuid, stateFile, encodingKeys, dbPath } = options
  const log = options.log ?? defaultLog()
  const rows = options.rows ?? (dbPath === undefined ? null : createDataUniverseSource({ dbPath }))
  if (rows === null) throw new StorageError('BAD_SETTINGS', 'give dbPath, the path of the database, or a row source')
  const encoding = encodingKeys === undefined ? undefined : createFieldEncoding(encodingKeys)
  const { policySource, chain, chainInUse } = openPolicySource(options, lastGoodFileOf(stateFile), log)
  const configOptions = {
    policySource,
    chainInUse,
    netuid,
    hotkey: hotkey.address,
    environment: options.environment ?? readEnvironment(),
    log,
    forceS3: options.forceS3,
    forceHuggingFace: options.forceHuggingFace,
  }
  try {
    return await createDualStorage({
      ...options,
      rows,
      log,
      readConfig: (signal) => resolveConfig(configOptions, signal),
      openTarget: createOpenTarget(options),
      pointer: options.pointer === undefined ? chainPointer(chain, options) : options.pointer,
      ...(encoding === undefined ? {} : { encoding }),
      onClose: async () => await chain?.close(),
    })
  } catch (error) {
    await chain?.close()
    throw error
  }
}

interface OpenSource {
  readonly policySource: PolicySource
  readonly chain: Chain | null
  readonly chainInUse?: (() => ChainFacts) | undefined
}

function openPolicySource(
  { chain: choice, netuid, ...ways }: Pick<StorageOptions, 'chain' | 'netuid' | 'environment' | 'proxies'>,
  lastGoodFile: string | undefined,
  log: Log,
): OpenSource {
  if ('read' in choice) return { policySource: choice, chain: null }
  const { network, endpoints } = choice
  const named = endpoints === undefined ? (network ?? 'finney') : null
  const chain = openChain({
    endpoints: resolveEndpoints({ network, endpoint: endpoints }),
    genesisHash: choice.genesisHash ?? (named === null ? null : knownGenesis(named)) ?? undefined,
    proxies: proxiesOf(ways),
    log: (level, message) => log[level]({ from: 'chain' }, message),
  })
  // Warnings are in the snapshot and logged with it; without one they are all there is to say.
  let told: string[] = []
  const source = createPolicySource({ chain, netuid, lastGoodFile, log: (_level, message) => told.push(message) })
  const read = async (signal?: AbortSignal) => {
    told = []
    const snapshot = await source.read(signal)
    if (snapshot === null) for (const message of told) log.warn({ from: 'chain' }, message)
    return snapshot
  }
  return { policySource: { read }, chain, chainInUse: () => chainInUse(chain, named) }
}

function proxiesOf({ proxies, environment }: Pick<StorageOptions, 'environment' | 'proxies'>): Proxies {
  return proxies ?? readProxies(environment)
}

/** Where the last good policy is kept. */
export const lastGoodFileOf = (stateFile: string): string => `${stateFile}.policy.json`

function chainPointer(chain: Chain | null, { netuid, hotkey }: StorageOptions): PointerPublisher | null {
  if (chain === null) return null
  return { publish: (repository, signal) => publishPointer(chain, { netuid, hotkey, repository }, signal) }
}

/** The real backends, each opened once per place. */
function createOpenTarget(options: StorageOptions): OpenTarget {
  const opened = new Map<string, Target>()
  const once = (route: string, make: () => Target): Target => {
    const target = opened.get(route) ?? make()
    opened.set(route, target)
    return target
  }
  return async (name, policy, signal) =>
    name === 's3' ? openS3(options, policy, once) : await openHuggingFace(options, once, signal)
}

type Once = (route: string, make: () => Target) => Target

function openS3(options: StorageOptions, policy: Policy, once: Once): Target {
  const { bucket, identity, route, access } = openBucket({ ...options, proxies: proxiesOf(options) }, policy)
  return once(route, () => {
    const backend = createBucketBackend(access(), { journalFile: `${options.stateFile}.transfers.sqlite` })
    return { name: 's3', backend, identity, place: bucket }
  })
}

async function openHuggingFace(options: StorageOptions, once: Once, signal?: AbortSignal): Promise<Target> {
  const { huggingFace = {}, hotkey } = options
  const { token, hubUrl } = huggingFace
  if (token === undefined || token === '') {
    throw new StorageError('NO_BACKEND', 'HuggingFace is to be used, but no token is set: set HUGGINGFACE_TOKEN')
  }
  const hub = { token, proxies: proxiesOf(options), ...(hubUrl === undefined ? {} : { hubUrl }) }
  const namespace = huggingFace.namespace ?? (await huggingFaceNamespace(hub, signal))
  const repository = `${namespace}/${repositoryName(huggingFace.prefix ?? 'sluice', hotkey.address)}`
  const identity = `hf://datasets/${repository}${hubUrl === undefined ? '' : ` at ${hubUrl}`}`
  return once(identity, () => {
    const backend = createHuggingFaceBackend({ ...hub, repository })
    return {
      name: 'huggingface',
      backend,
      identity,
      place: repository,
      describe: async (card, signal) => void (await updateDatasetCard({ ...hub, repository }, card, signal)),
    }
  })
}

/** Which hotkey signs for this miner. */
export interface WalletChoice {
  readonly walletPath?: string | undefined
  readonly walletName?: string | undefined
  readonly hotkeyName?: string | undefined
  readonly password?: string | undefined
  /** Secret URI, in place of a wallet. */
  readonly hotkeyUri?: string | undefined
}

/** @throws ChainError `NO_WALLET`, `PASSWORD_REQUIRED`, … */
export async function openHotkey(choice: WalletChoice): Promise<Hotkey> {
  const { hotkeyUri, walletPath, walletName = 'default', hotkeyName = 'default', password } = choice
  if (hotkeyUri !== undefined) return await hotkeyFromUri(hotkeyUri)
  return await loadHotkey({ walletPath, walletName, hotkeyName, password })
}

/** What a failure of chain or wallet stands for; null for any other error. */
export function chainFailure(error: unknown): Failure | null {
  return ChainError.is(error) ? { kind: failureKinds[error.code], code: error.code, message: error.message } : null
}

const defaultLog = (): Log => pino({ name: 'sluice-miner' }, pino.destination(2))
