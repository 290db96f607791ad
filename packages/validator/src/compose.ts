import {
  createBucketBackend,
  createDirectAccess,
  createGatewayReader,
  createHuggingFaceBackend,
  type DirectAccessOptions,
  type GatewayReader,
  type StorageBackend,
  type TrustOptions,
} from '@sluice/backends'
import {
  ChainError,
  chainInUse,
  createPolicySource,
  failureKinds,
  hotkeyFromUri,
  knownGenesis,
  loadHotkey,
  openChain,
  readMetagraph,
  readPointers,
  resolveEndpoints,
} from '@sluice/chain'
import { type Hotkey, hotkeyPrefix } from '@sluice/hotkey'
import type { Failure } from '@sluice/command-line'
import type { Proxies } from '@sluice/http'
import { defaultPolicy, type Policy, type PolicySnapshot, splitEndpoints } from '@sluice/rollout'
import type { Limits } from './check/budget.ts'
import type { Place, Source } from './check/miner-place.ts'
import { openSeenManifests } from './check/manifest-history.ts'
import { readProxies } from './settings.ts'
import type { Subnet } from './subnet.ts'
import { createValidatorFromPorts, type Validator } from './validator.ts'

export interface ValidatorOptions {
  readonly netuid: number
  /** finney, test, archive, local; or give `endpoints`. Default finney. */
  readonly network?: string | undefined
  /** ws:// or wss:// URLs in order of preference. */
  readonly endpoints?: readonly string[] | undefined
  /**
   * The validator's hotkey: with it S3 is read through the gateway of the policy. Without it and without credentials S3
   * counts as not reachable.
   */
  readonly hotkey?: Hotkey | undefined
  /** What endpoints of the policy may be; default: https and public addresses only. */
  readonly trust?: Pick<TrustOptions, 'allowPrivateEndpoints' | 'pinnedHosts'> | undefined
  /** Direct read access to the subnet's bucket, in place of the gateway. */
  readonly s3Credentials?: DirectAccessOptions['credentials'] | undefined
  /** In place of what the policy names. */
  readonly s3Endpoint?: string | undefined
  readonly s3Bucket?: string | undefined
  readonly s3Region?: string | undefined
  /** Default https://huggingface.co. */
  readonly hubUrl?: string | undefined
  /** Only for private repositories and higher rate limits. */
  readonly hubToken?: string | undefined
  /** Repositories (`namespace/name`) by hotkey, by hand; they win over the pointers on chain. */
  readonly repositories?: ReadonlyMap<string, string> | undefined
  /** JSON file that remembers manifest sequences between runs. */
  readonly stateFile?: string | undefined
  /** JSON file that keeps the last good policy. */
  readonly lastGoodFile?: string | undefined
  readonly limits?: Partial<Limits> | undefined
  /** Files per miner and backend that are read whole, default 1; 0.1 = one in every ten checks. */
  readonly samples?: number | undefined
  /** Proxies on the way; default those of the environment. */
  readonly proxies?: Proxies | undefined
  readonly log?: ((level: 'info' | 'warn', message: string) => void) | undefined
}

/** The chain that answered: name, when one was chosen, and endpoint. */
export interface ChainFacts {
  readonly network: string | null
  readonly endpoint: string | null
}

/** A validator that can tell which chain its facts are of. */
export interface ConnectedValidator extends Validator {
  readonly chainInUse: () => ChainFacts
}

/**
 * A validator that finds everything from the chain: policy, bucket, miners, repositories. Nothing is connected before
 * the first call.
 * @throws ValidatorError BAD_INPUT, ChainError BAD_ENDPOINT
 */
export async function createValidator(options: ValidatorOptions): Promise<ConnectedValidator> {
  const { netuid, network, log = () => undefined, proxies = readProxies() } = options
  const seen = await openSeenManifests(options.stateFile)
  const endpoints = resolveEndpoints({
    ...(network === undefined ? {} : { network }),
    ...(options.endpoints === undefined ? {} : { endpoint: options.endpoints }),
  })
  // A public network's name must not end up on another chain.
  const genesisHash = options.endpoints === undefined ? (knownGenesis(network ?? 'finney') ?? undefined) : undefined
  const chain = openChain({ endpoints, genesisHash, proxies, log })
  const policies = createPolicySource({ chain, netuid, lastGoodFile: options.lastGoodFile, log })
  const s3Backends = new Map<string, StorageBackend>()
  const gateways = new Map<string, GatewayReader>()
  const hubBackends = new Map<string, StorageBackend>()

  async function readSubnet(signal?: AbortSignal): Promise<Subnet> {
    const metagraph = await readMetagraph(chain, netuid, signal)
    const pointers = await pointersOrNull(signal)
    const snapshot = (await policies.read(signal)) ?? noPolicy(metagraph.block, metagraph.blockHash)
    const { block, ownerHotkey, neurons } = metagraph
    return { netuid, block, ownerHotkey, neurons, snapshot, pointers }
  }

  /** Without pointers S3 can still be judged; HuggingFace then counts as not reachable. */
  async function pointersOrNull(signal?: AbortSignal): Promise<ReadonlyMap<string, string> | null> {
    try {
      return await readPointers(chain, netuid, signal)
    } catch (error) {
      if (!ChainError.is(error) || error.code === 'ABORTED' || error.code === 'CLOSED') throw error
      log('warn', `The HuggingFace pointers cannot be read: ${error.message}`)
      return null
    }
  }

  function s3PlaceOf(hotkey: string, policy: Policy): Place {
    const bucket = options.s3Bucket ?? policy.s3.bucketName
    if (bucket === null) return closed('absent', 'the policy names no bucket')
    const credentials = options.s3Credentials
    if (credentials === undefined) return gatewayPlaceOf(hotkey, policy)
    const endpoint = options.s3Endpoint ?? policy.s3.endpoint
    const region = options.s3Region ?? policy.s3.region
    const id = JSON.stringify([bucket, endpoint, region])
    const rules = options.s3Endpoint === undefined ? { trust: options.trust ?? {} } : {}
    const make = () => {
      const access = createDirectAccess({ bucket, region, endpoint, credentials, proxies, callMs: 30_000, ...rules })
      return createBucketBackend(access, { stallMs: 30_000 })
    }
    try {
      const backend = below(kept(s3Backends, id, make), hotkeyPrefix(hotkey))
      return { kind: 'open', backend, missingRoot: 'unreachable' }
    } catch (error) {
      return closed('unreachable', error instanceof Error ? error.message : String(error))
    }
  }

  function gatewayPlaceOf(hotkey: string, { s3: { authEndpoint } }: Policy): Place {
    const signer = options.hotkey
    if (signer === undefined) {
      return closed('unreachable', 'no access to S3: give the validator’s wallet, or credentials for the bucket')
    }
    if (authEndpoint === null) return closed('unreachable', 'the policy names no auth endpoint')
    const endpoints = splitEndpoints(authEndpoint)
    const make = () => createGatewayReader({ endpoints, hotkey: signer, ...options.trust, proxies })
    return { kind: 'open', backend: kept(gateways, authEndpoint, make).of(hotkey), missingRoot: 'unreachable' }
  }

  function huggingFacePlaceOf(hotkey: string, { pointers }: Subnet): Place {
    const repository = options.repositories?.get(hotkey) ?? pointers?.get(hotkey)
    if (repository === undefined) {
      if (pointers === null) return closed('unreachable', 'the pointers on chain could not be read')
      return closed('absent', 'the miner names no HuggingFace repository on chain')
    }
    const access = {
      ...(options.hubUrl === undefined ? {} : { hubUrl: options.hubUrl }),
      ...(options.hubToken === undefined ? {} : { token: options.hubToken }),
      // A missing repository is the miner's absence, not one to be made.
      create: false,
    }
    try {
      const make = () => createHuggingFaceBackend({ repository, ...access, proxies })
      return { kind: 'open', backend: kept(hubBackends, repository, make), missingRoot: 'absent' }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return closed('absent', `the repository ${JSON.stringify(repository)} cannot be one: ${reason}`)
    }
  }

  const validator = createValidatorFromPorts({
    readSubnet,
    placesOf: (hotkey, subnet) => ({
      s3: s3PlaceOf(hotkey, subnet.snapshot.policy),
      huggingface: huggingFacePlaceOf(hotkey, subnet),
    }),
    seen,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.samples === undefined ? {} : { samples: options.samples }),
    close: () => chain.close(),
  })
  const named = options.endpoints === undefined ? (network ?? 'finney') : null
  return { ...validator, chainInUse: () => chainInUse(chain, named) }
}

/** Nothing on chain and nothing remembered: HuggingFace only. */
function noPolicy(block: number, blockHash: string): PolicySnapshot {
  const warnings = ['No policy is known; HuggingFace alone is assumed.']
  return { policy: defaultPolicy, origin: 'default', block, blockHash, warnings }
}

function closed(verdict: 'absent' | 'unreachable', reason: string): Place {
  return { kind: 'closed', verdict, reason }
}

/** One client, and its connections, for all miners of a bucket. */
function below(backend: StorageBackend, prefix: string): Source {
  return { open: (key, range, options) => backend.open(prefix + key, range, options) }
}

function kept<T>(backends: Map<string, T>, id: string, make: () => T): T {
  const present = backends.get(id)
  if (present !== undefined) return present
  const backend = make()
  backends.set(id, backend)
  return backend
}

/** Which hotkey signs for this validator. */
export interface WalletChoice {
  readonly walletPath?: string | undefined
  readonly walletName?: string | undefined
  readonly hotkeyName?: string | undefined
  readonly password?: string | undefined
  /** Secret URI, in place of a wallet. */
  readonly hotkeyUri?: string | undefined
}

/** The secret URI, else the wallet that is named; undefined without either. @throws ChainError `NO_WALLET`, `PASSWORD_REQUIRED`, … */
export async function openHotkey(choice: WalletChoice): Promise<Hotkey | undefined> {
  const { walletPath, walletName, hotkeyName, password, hotkeyUri } = choice
  if (hotkeyUri !== undefined) return await hotkeyFromUri(hotkeyUri)
  if (walletName === undefined && hotkeyName === undefined) return undefined
  return await loadHotkey({
    walletPath,
    walletName: walletName ?? 'default',
    hotkeyName: hotkeyName ?? 'default',
    password,
  })
}

/** What a failure of chain or wallet stands for; null for any other error. */
export function chainFailure(error: unknown): Failure | null {
  return ChainError.is(error) ? { kind: failureKinds[error.code], code: error.code, message: error.message } : null
}
