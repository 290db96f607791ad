import { Agent, buildConnector, fetch as undiciFetch } from 'undici'
import type { WayOutOptions } from './agents.ts'
import { CONNECT_MS, openTunnel } from './tunnel.ts'

export interface DispatcherOptions extends WayOutOptions {
  /** How long a reply may take to begin, and pause; milliseconds, 0 = for ever, default undici's 300,000. */
  readonly headersMs?: number | undefined
  readonly bodyMs?: number | undefined
  /** Longer replies end in an error. Default any. */
  readonly mostBytes?: number | undefined
}

/** For `fetch` and `request` of undici: keeps connections and TLS sessions, and takes a proxy where one is named. */
export function createDispatcher(options: DispatcherOptions = {}): Agent {
  const { proxies, ca, lookup, connectMs = CONNECT_MS, headersMs, bodyMs, mostBytes } = options
  const connect = buildConnector({
    timeout: connectMs,
    ...(ca === undefined ? {} : { ca: ca as string }),
    ...(lookup === undefined ? {} : { lookup }),
  })
  return new Agent({
    ...(headersMs === undefined ? {} : { headersTimeout: headersMs }),
    ...(bodyMs === undefined ? {} : { bodyTimeout: bodyMs }),
    ...(mostBytes === undefined ? {} : { maxResponseSize: mostBytes }),
    connect: (wanted, done) => {
      const isSecure = wanted.protocol === 'https:'
      const hostname = wanted.hostname.replace(/^\[|\]$/g, '')
      const destination = { isSecure, hostname, port: Number(wanted.port === '' ? (isSecure ? 443 : 80) : wanted.port) }
      const proxy = proxies?.(destination) ?? null
      if (proxy === null) return connect(wanted, done)
      openTunnel(proxy, destination, options, (error, socket) => {
        if (socket === null) return done(error ?? new Error('no tunnel'), null)
        if (isSecure) connect({ ...wanted, httpSocket: socket }, done)
        else done(null, socket)
      })
    },
  })
}

/** `fetch` for what has no agents to set. Bodies that are streams go out as they come. */
export function createFetch(options: DispatcherOptions = {}): typeof globalThis.fetch {
  const dispatcher = createDispatcher(options)
  return (async (input: string | URL, init: RequestInit = {}) =>
    await undiciFetch(input, { ...init, dispatcher } as Parameters<typeof undiciFetch>[1])) as typeof globalThis.fetch
}
