import type { Chain } from './chain.ts'
import { shownEndpoint } from './endpoints.ts'

/** The chain behind a fact, for whoever reads the fact. */
export interface ChainInUse {
  /** Null when endpoints were given in place of a network. */
  readonly network: string | null
  /** Scheme, host and port of the endpoint that answers; null while there is none. */
  readonly endpoint: string | null
}

/** @param network the name that was chosen; null or undefined when endpoints were given */
export function chainInUse({ endpoint }: Chain, network: string | null | undefined): ChainInUse {
  return { network: network ?? null, endpoint: endpoint === null ? null : shownEndpoint(endpoint) }
}
