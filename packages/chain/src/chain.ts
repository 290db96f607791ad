import { createAgents, type Proxies } from '@sluice/http'
import { type Connection, type DialOptions, dial, finalizedHead } from './connection.ts'
import { throwIfAborted, withDeadline } from './deadline.ts'
import { ChainError, type ChainErrorCode } from './errors.ts'
import { resolveEndpoints } from './endpoints.ts'
import { headAge } from './head-age.ts'

/** A line for the log; `warn` asks for a look. */
export type ChainLog = (level: 'info' | 'warn', message: string) => void

export interface ChainOptions {
  /** `ws://`/`wss://` URLs in order of preference; see `resolveEndpoints`. */
  readonly endpoints: readonly string[]
  /** 0x hex; endpoints of any other chain are passed over. Without it the first endpoint's chain counts. */
  readonly genesisHash?: string | undefined
  /** Time for one endpoint to connect and describe its runtime, milliseconds; default 15,000. */
  readonly connectTimeoutMs?: number
  /** Time for one call, milliseconds; default 20,000. */
  readonly callTimeoutMs?: number
  /** An endpoint whose finalized head is older is passed over while another is fresher; milliseconds, default 120,000. */
  readonly staleHeadMs?: number
  /** Proxies on the way; default none. */
  readonly proxies?: Proxies | undefined
  /** Unix time in milliseconds. */
  readonly now?: () => number
  readonly log?: ChainLog
}

/** One chain behind several endpoints. Connects on first use, fails over, reconnects; nothing waits without a limit. */
export interface Chain {
  /** The endpoint in use, or null while there is none. */
  readonly endpoint: string | null
  /** Genesis hash, known once connected (or given), else null. */
  readonly genesisHash: string | null
  finalizedHead(signal?: AbortSignal): Promise<{ block: number; hash: string }>
  /** Runs `work` on a live connection; moves to the next endpoint when this one fails. For this package's own use. */
  use<T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** @throws ChainError BAD_ENDPOINT when the list is empty; everything else only on use */
export function openChain(options: ChainOptions): Chain {
  const { staleHeadMs = 120_000, now = Date.now, log = () => undefined } = options
  if (options.endpoints.length === 0)
    throw new ChainError('BAD_ENDPOINT', 'No chain endpoint is given; name at least one.')
  const endpoints = resolveEndpoints({ endpoint: options.endpoints })
  const closing = new AbortController()
  const agents = createAgents({ proxies: options.proxies })
  const dialOptions: DialOptions = {
    agents,
    connectTimeoutMs: options.connectTimeoutMs ?? 15_000,
    callTimeoutMs: options.callTimeoutMs ?? 20_000,
    signal: closing.signal,
  }
  let genesisHash = options.genesisHash?.toLowerCase() ?? null
  let current: { connection: Connection; checkedAt: number } | null = null
  let connecting: Promise<Connection> | null = null
  let next = 0

  const drop = (connection: Connection): void => {
    if (current?.connection === connection) {
      current = null
      next = (endpoints.indexOf(connection.endpoint) + 1) % endpoints.length
    }
    connection.close()
  }

  /** Tries every endpoint once, from `next` on. A stale one is kept only while no fresh one answers. */
  const connect = async (): Promise<Connection> => {
    const failures: string[] = []
    const lasting = new Set<ChainErrorCode>()
    let wrongChain = 0
    let fallback: { connection: Connection; age: number } | null = null
    const start = next
    for (let step = 0; step < endpoints.length; step++) {
      if (closing.signal.aborted) break
      const endpoint = endpoints[(start + step) % endpoints.length] as string
      let connection: Connection | null = null
      try {
        connection = await dial(endpoint, dialOptions)
        if (genesisHash !== null && connection.genesisHash !== genesisHash) {
          wrongChain++
          throw new ChainError(
            'WRONG_CHAIN',
            `${connection.name} serves chain ${connection.genesisHash}, not ${genesisHash}.`,
          )
        }
        const age = await headAge(connection, now, closing.signal)
        if (age > staleHeadMs) {
          failures.push(`${connection.name} is ${Math.round(age / 1000)} s behind.`)
          if (fallback === null || age < fallback.age) {
            fallback?.connection.close()
            fallback = { connection, age }
          } else connection.close()
          continue
        }
        fallback?.connection.close()
        return settle(connection)
      } catch (error) {
        connection?.close()
        if (closing.signal.aborted) break
        failures.push(ChainError.is(error) ? error.message : String(error))
        if (ChainError.is(error) && !error.retryable) lasting.add(error.code)
        log('warn', failures.at(-1) ?? '')
      }
    }
    if (closing.signal.aborted) {
      fallback?.connection.close()
      throw closedError()
    }
    if (fallback !== null) {
      log('warn', `No endpoint has a fresh finalized block. ${failures.join(' ')}`)
      return settle(fallback.connection)
    }
    const [only] = lasting
    const code = lasting.size === 1 && (only === 'TLS' || only === 'PROXY') ? only : 'UNREACHABLE'
    throw new ChainError(
      wrongChain === endpoints.length ? 'WRONG_CHAIN' : code,
      `No chain endpoint can be used. ${failures.join(' ')} Check the network or give another endpoint.`,
      { retryable: wrongChain !== endpoints.length && (code === 'UNREACHABLE' || failures.length > 1) },
    )
  }

  const settle = (connection: Connection): Connection => {
    // It may have been closed in the moment before.
    if (closing.signal.aborted) {
      connection.close()
      throw closedError()
    }
    genesisHash ??= connection.genesisHash
    next = endpoints.indexOf(connection.endpoint)
    current = { connection, checkedAt: now() }
    log('info', `Connected to ${connection.name}.`)
    return connection
  }

  /** The live connection; looks at its head again every `staleHeadMs`. */
  const acquire = async (signal?: AbortSignal): Promise<Connection> => {
    if (closing.signal.aborted) throw closedError()
    throwIfAborted(signal)
    if (current !== null && !current.connection.isAlive()) drop(current.connection)
    if (current !== null && now() - current.checkedAt >= staleHeadMs) {
      const { connection } = current
      current.checkedAt = now()
      const age = await headAge(connection, now, signal).catch(() => {
        throwIfAborted(signal)
        return Number.POSITIVE_INFINITY
      })
      if (age > staleHeadMs) {
        log('warn', `${connection.name} has no fresh finalized block any more; looking for a better endpoint.`)
        drop(connection)
      }
    }
    if (current !== null) return current.connection
    connecting ??= connect().finally(() => {
      connecting = null
    })
    // One dial serves all callers; its own deadlines bound it, this one only adds the caller's signal.
    return await withDeadline(connecting, {
      what: 'a chain endpoint',
      ms: (dialOptions.connectTimeoutMs + 3 * dialOptions.callTimeoutMs) * endpoints.length,
      signal,
    })
  }

  const use = async <T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T> => {
    for (let attempt = 0; ; attempt++) {
      const connection = await acquire(signal)
      try {
        return await work(connection)
      } catch (error) {
        if (!ChainError.is(error) || !isEndpointFault(error, endpoints.length > 1)) throw error
        if (closing.signal.aborted) throw closedError()
        drop(connection)
        log('warn', error.message)
        if (attempt >= endpoints.length) throw error
      }
    }
  }

  const close = async (): Promise<void> => {
    closing.abort()
    if (current !== null) drop(current.connection)
    await connecting?.catch(() => undefined)
    agents.close()
  }

  return {
    get endpoint() {
      return current?.connection.isAlive() === true ? current.connection.endpoint : null
    },
    get genesisHash() {
      return genesisHash
    },
    finalizedHead: async (signal) => await use(async (connection) => await finalizedHead(connection, signal), signal),
    use,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Faults that another endpoint (or the same one, connected anew) may not have. */
function isEndpointFault(error: ChainError, hasOther: boolean): boolean {
  if (error.code === 'NODE_ERROR') return hasOther
  return error.code === 'TIMEOUT' || error.code === 'DISCONNECTED' || (error.code === 'PROTOCOL' && error.retryable)
}

function closedError(): ChainError {
  return new ChainError('CLOSED', 'The chain connection was closed.')
}
