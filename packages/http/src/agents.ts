import { Agent as HttpAgent, type AgentOptions } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Proxies } from './proxies.ts'
import { type NameOptions, openTunnel } from './tunnel.ts'

/** How connections are made. */
export interface WayOutOptions extends NameOptions {
  /** Default none: everything is reached directly. */
  readonly proxies?: Proxies | undefined
  /** Certificates to trust, in place of the system's and those of NODE_EXTRA_CA_CERTS. */
  readonly ca?: string | Buffer | undefined
  /** Until a connection stands, milliseconds; default 20,000. Of `node:http` the proxy's part alone. */
  readonly connectMs?: number | undefined
}

export interface AgentLimits {
  /** At once to one host; default any number. */
  readonly connections?: number | undefined
  /** An idle connection is closed after so many milliseconds, or when the server says so; default 60,000. */
  readonly idleMs?: number | undefined
}

/** For `node:http`, `node:https`, the AWS SDK and `ws`. Idle connections keep no process alive. */
export interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
  /** Ends all connections. */
  close(): void
}

const MOST_IDLE = 64

/** Keeps connections and TLS sessions of each host, and takes a proxy where one is named. */
export function createAgents(options: WayOutOptions & AgentLimits = {}): Agents {
  const { ca, lookup, connections, idleMs = 60_000 } = options
  const settings: AgentOptions = {
    keepAlive: true,
    scheduling: 'lifo',
    maxFreeSockets: MOST_IDLE,
    timeout: idleMs,
    ...(connections === undefined ? {} : { maxSockets: connections }),
    ...(lookup === undefined ? {} : { lookup }),
  }
  const secure = new HttpsAgent({ ...settings, ...(ca === undefined ? {} : { ca }) })
  const http = silentWhenIdle(throughProxies(new HttpAgent(settings), false, options))
  const https = silentWhenIdle(throughProxies(secure, true, options))
  const close = (): void => {
    http.destroy()
    https.destroy()
  }
  return { http, https, close }
}

/** Node's agent makes TLS, with its memory of sessions, on whatever socket it is given. */
function throughProxies<T extends HttpAgent>(agent: T, isSecure: boolean, options: WayOutOptions): T {
  const { proxies } = options
  if (proxies === undefined) return agent
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (wanted, done) => {
    const { hostname, host, port } = wanted
    const destination = {
      isSecure,
      hostname: bare(host ?? hostname ?? 'localhost'),
      port: Number(port ?? (isSecure ? 443 : 80)),
    }
    const proxy = proxies(destination)
    if (proxy === null) return connect(wanted, done)
    openTunnel(proxy, destination, options, (error, socket) => {
      if (socket === null) return done?.(error, undefined as unknown as Duplex)
      done?.(null, isSecure ? (connect({ ...wanted, socket } as typeof wanted) as Duplex) : socket)
    })
    return undefined
  }
  return agent
}

/** What comes on an idle connection, without being asked for, Node would take for the reply to its next request. */
function silentWhenIdle<T extends HttpAgent>(agent: T): T {
  const keep = agent.keepSocketAlive.bind(agent)
  const reuse = agent.reuseSocket.bind(agent)
  function spoil(this: Duplex): void {
    this.destroy()
  }
  agent.keepSocketAlive = (socket) => {
    // Node says: false = it is not kept, and destroyed.
    const isKept = keep(socket) as unknown as boolean
    if (isKept) socket.on('data', spoil)
    return isKept
  }
  agent.reuseSocket = (socket, request) => {
    socket.off('data', spoil)
    reuse(socket, request)
  }
  return agent
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')
