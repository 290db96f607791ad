import { ApiPromise } from '@polkadot/api'
import { type Agents, connectionFault } from '@sluice/http'
import { withDeadline } from './deadline.ts'
import { shownEndpoint } from './endpoints.ts'
import { ChainError } from './errors.ts'
import { createSocketProvider } from './socket-provider.ts'
import { isHash, readHeader } from './wire.ts'

/** One live endpoint: metadata decoded, chain identified. Internal to this package. */
export interface Connection {
  readonly endpoint: string
  /** The endpoint as messages show it, without path and query. */
  readonly name: string
  /** @internal Not in the published types: those of @polkadot/api do not compile without `skipLibCheck`. */
  readonly api: ApiPromise
  readonly genesisHash: string
  /** One JSON-RPC call with the call deadline. @throws ChainError TIMEOUT, DISCONNECTED, NODE_ERROR, ABORTED */
  send(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown>
  /**
   * Sends an extrinsic and passes on every status the node tells. Resolves when the node has taken it.
   * @throws ChainError as `send`
   */
  submit(extrinsic: string, onStatus: (status: unknown) => void, signal?: AbortSignal): Promise<void>
  isAlive(): boolean
  /** Resolves when this endpoint is gone. */
  readonly lost: Promise<void>
  /** Never fails and does not wait for a frozen peer. */
  close(): void
}

export interface DialOptions {
  readonly connectTimeoutMs: number
  readonly callTimeoutMs: number
  /** Make its connection. */
  readonly agents: Agents
  /** Ends the attempt (ABORTED). */
  readonly signal?: AbortSignal | undefined
}

/**
 * Connects to one endpoint and decodes its metadata, all within `connectTimeoutMs`. Reconnection and the choice of endpoints are
 * done above, with a look at the genesis hash.
 * @throws ChainError TIMEOUT, DISCONNECTED, ABORTED
 */
export async function dial(endpoint: string, options: DialOptions): Promise<Connection> {
  const name = shownEndpoint(endpoint)
  const provider = createSocketProvider(endpoint, options.agents, options.connectTimeoutMs)
  const api = new ApiPromise({ provider, noInitWarn: true })
  const close = (): void => {
    void api.disconnect().catch(() => undefined)
    void provider.disconnect().catch(() => undefined)
  }
  // Both promises of the library reject on failure; each needs a reader, or the loser ends the process.
  void api.isReadyOrError.catch(() => undefined)
  void api.isReady.catch(() => undefined)
  const opened = provider.connect().then(async () => await api.isReadyOrError)
  const lost = new Promise<void>((resolve) => {
    provider.on('error', () => resolve())
    provider.on('disconnected', () => resolve())
  })
  const failing = lost.then((): never => {
    throw disconnected(name, provider.failure())
  })
  failing.catch(() => undefined)
  const answered = async <T>(reply: Promise<T>, method: string, signal?: AbortSignal): Promise<T> => {
    try {
      return await withDeadline(Promise.race([reply, failing]), {
        what: `${name} to answer ${method}`,
        ms: options.callTimeoutMs,
        signal,
      })
    } catch (error) {
      if (ChainError.is(error)) throw error
      throw new ChainError('NODE_ERROR', `${name} answered ${method} with an error: ${textOf(error)}`, {
        cause: error,
      })
    }
  }

  try {
    await withDeadline(Promise.race([opened, failing]), {
      what: `${name} to connect`,
      ms: options.connectTimeoutMs,
      signal: options.signal,
    })
    // Subtensor addresses have prefix 42, whatever a node says of itself.
    const properties = api.registry.createType('ChainProperties', { ss58Format: 42 })
    api.registry.setChainProperties(properties as Parameters<typeof api.registry.setChainProperties>[0])
  } catch (error) {
    close()
    throw ChainError.is(error) ? error : disconnected(name, provider.failure() ?? error)
  }

  return {
    endpoint,
    name,
    api,
    genesisHash: api.genesisHash.toHex(),
    send: async (method, params, signal) => await answered(provider.send<unknown>(method, [...params]), method, signal),
    submit: async (extrinsic, onStatus, signal) => {
      const method = 'author_submitAndWatchExtrinsic'
      const listen = (_error: unknown, status: unknown): void => onStatus(status)
      await answered(provider.subscribe('author_extrinsicUpdate', method, [extrinsic], listen), method, signal)
    },
    lost,
    isAlive: () => provider.isConnected,
    close,
  }
}

/** Hash and number of the newest finalized block. */
export async function finalizedHead(
  connection: Connection,
  signal?: AbortSignal,
): Promise<{ block: number; hash: string }> {
  const hash = await finalizedHash(connection, signal)
  return { block: readHeader(await connection.send('chain_getHeader', [hash], signal)).number, hash }
}

/** Hash of the newest finalized block. */
export async function finalizedHash(connection: Connection, signal?: AbortSignal): Promise<string> {
  const hash = await connection.send('chain_getFinalizedHead', [], signal)
  if (isHash(hash)) return hash
  throw new ChainError('PROTOCOL', `${connection.name} named no finalized block; use another.`, { retryable: true })
}

/** The library's message without its line breaks; node errors carry no secrets. */
function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 300)
}

function disconnected(name: string, cause?: unknown): ChainError {
  const { kind, retryable, text } = connectionFault(cause)
  if (kind === 'tls' || kind === 'proxy') {
    return new ChainError(kind === 'tls' ? 'TLS' : 'PROXY', `${name} cannot be reached. ${text}`, { retryable, cause })
  }
  return new ChainError('DISCONNECTED', `${name} is not there or closed the connection; try again or another.`, {
    retryable: true,
    cause,
  })
}
