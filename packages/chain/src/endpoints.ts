import { ChainError } from './errors.ts'

/** Endpoints of the public networks, as in Bittensor's SDK 10 (`core/settings.py`). */
const networks: ReadonlyMap<string, readonly string[]> = new Map([
  ['finney', ['wss://entrypoint-finney.opentensor.ai:443', 'wss://lite.chain.opentensor.ai:443']],
  ['test', ['wss://test.finney.opentensor.ai:443']],
  ['archive', ['wss://archive.chain.opentensor.ai:443']],
  ['local', ['ws://127.0.0.1:9944']],
])

const finneyGenesis = '0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03'
/** Genesis hashes of the public networks; a name therefore never ends up on another chain. */
const genesis: ReadonlyMap<string, string> = new Map([
  ['finney', finneyGenesis],
  ['archive', finneyGenesis],
  ['test', '0x8f9cf856bf558a14440e75569c9e58594757048d7b3a84b5d25f6bd978263105'],
])

export interface EndpointChoice {
  /** `finney`, `test`, `archive`, `local`, or a `ws://`/`wss://` URL. */
  readonly network?: string | undefined
  /** URLs that replace the network's own; a string may hold several, separated by commas. */
  readonly endpoint?: string | readonly string[] | undefined
}

/**
 * The endpoints to try, in order, without duplicates. `endpoint` wins over `network`; with neither it is `finney`.
 * @throws ChainError BAD_ENDPOINT
 */
export function resolveEndpoints(choice: EndpointChoice): readonly string[] {
  const listed = (typeof choice.endpoint === 'string' ? choice.endpoint.split(',') : (choice.endpoint ?? []))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const chosen = listed.length > 0 ? listed.flatMap(expand) : expand(choice.network?.trim() || 'finney')
  return [...new Set(chosen)]
}

/** The genesis hash of a public network's name, or null when the name stands for no particular chain. */
export function knownGenesis(network: string): string | null {
  return genesis.get(network) ?? null
}

/** Scheme, host and port: what may be shown of an endpoint, whose path or query can hold an access key. */
export function shownEndpoint(endpoint: string): string {
  return new URL(endpoint).origin
}

function expand(entry: string): readonly string[] {
  const named = networks.get(entry)
  if (named !== undefined) return named
  let url: URL
  try {
    url = new URL(entry)
  } catch (cause) {
    throw unusable(entry, cause)
  }
  if ((url.protocol !== 'ws:' && url.protocol !== 'wss:') || url.hostname === '')
    throw unusable(url.protocol, undefined)
  return [entry]
}

function unusable(entry: string, cause: unknown): ChainError {
  const shown = /^[\w.:-]{1,60}$/.test(entry) ? `"${entry}"` : 'What was given'
  const names = [...networks.keys()].join(', ')
  return new ChainError(
    'BAD_ENDPOINT',
    `${shown} is no chain endpoint; give a ws:// or wss:// URL or one of ${names}.`,
    {
      cause,
    },
  )
}
