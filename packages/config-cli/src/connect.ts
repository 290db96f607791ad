import { type Chain, type ChainInUse, chainInUse, knownGenesis, openChain, resolveEndpoints } from '@sluice/chain'
import type { Context, Terminal } from '@sluice/command-line'
import { proxiesFrom } from '@sluice/http'
import type { ReadFlags } from './flags.ts'

/** What a command works with. */
export interface Connected {
  readonly chain: Chain
  readonly terminal: Terminal
  readonly signal: AbortSignal
  /** Waits for the chain, and says so when it takes long. */
  readonly ask: <T>(work: Promise<T>) => Promise<T>
  /** The chain that answered, for every output that states a fact of it. */
  readonly where: () => ChainInUse
  [Symbol.asyncDispose](): Promise<void>
}

/** How a chain is opened; tests put a chain of their own here. */
export type OpenChain = typeof openChain

/** Nothing is connected before the first call. @throws ChainError BAD_ENDPOINT */
export const connect = (flags: ReadFlags, { terminal, signal, environment }: Context, open: OpenChain): Connected => {
  const { chainEndpoint } = flags
  const network = chainEndpoint === undefined ? (flags.network ?? 'finney') : null
  const genesisHash = knownGenesis(chainEndpoint ?? network ?? '')
  const chain = open({
    endpoints: resolveEndpoints(network === null ? { endpoint: chainEndpoint } : { network }),
    ...(genesisHash === null ? {} : { genesisHash }),
    proxies: proxiesFrom(environment),
    log: (_level, message) => terminal.detail(`chain: ${message}`),
  })
  return {
    chain,
    terminal,
    signal,
    ask: async (work) => await terminal.waiting(`the chain (${network ?? 'at the given endpoint'})`, work),
    where: () => chainInUse(chain, network),
    [Symbol.asyncDispose]: async () => await chain.close(),
  }
}
