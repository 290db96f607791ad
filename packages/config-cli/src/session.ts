import { type Chain, knownGenesis, openChain, resolveEndpoints } from '@sluice/chain'
import type { CommonFlags } from './flags.ts'
import type { Settings } from './settings.ts'
import type { Terminal } from './terminal.ts'

/** What a command works with. */
export interface Session {
  readonly chain: Chain
  readonly settings: Settings
  readonly terminal: Terminal
  readonly signal: AbortSignal | undefined
}

/** How a chain is opened; tests put a chain of their own here. */
export type OpenChain = typeof openChain

/** Flags win over the environment; without either it is finney. @throws ChainError BAD_ENDPOINT */
export const connect = (flags: CommonFlags, settings: Settings, open: OpenChain): Chain => {
  const flagged = flags['subtensor.chain_endpoint'] ?? flags['subtensor.network']
  const endpoint = flags['subtensor.chain_endpoint'] ?? (flagged === undefined ? settings.chainEndpoint : undefined)
  const network = flags['subtensor.network'] ?? settings.network ?? 'finney'
  const genesisHash = knownGenesis(endpoint ?? network)
  return open({
    endpoints: resolveEndpoints(endpoint === undefined ? { network } : { endpoint }),
    ...(genesisHash === null ? {} : { genesisHash }),
  })
}
