import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { ProxyError } from './errors.ts'
import { faultCode } from './faults.ts'
import type { Destination, Proxy } from './proxies.ts'

/** How names are resolved. */
export interface NameOptions {
  /**
   * Resolves names in place of the system's resolver; an error refuses the connection. It is asked before a proxy, too,
   * which is then given the address: of a name it could make something else.
   */
  readonly lookup?: LookupFunction | undefined
  /** Hosts for which a proxy is given the name, unseen. Default none, when there is a `lookup`. */
  readonly byName?: ((hostname: string) => boolean) | undefined
}

export const CONNECT_MS = 20_000

export type TunnelDone = (error: Error | null, socket: Socket | null) => void

/**
 * Asks a proxy for a connection (CONNECT, RFC 9110 9.3.6), by Node's own HTTP client. Plain http goes through a tunnel as well:
 * a proxy sees no path, header or content, and kept connections are the destination's alone.
 * @param done given a ProxyError, or the error of the lookup
 */
export function openTunnel(
  proxy: Proxy,
  destination: Destination,
  options: NameOptions & { readonly connectMs?: number | undefined },
  done: TunnelDone,
): void {
  hostFor(destination, options, (error, host) => {
    if (error !== null) return done(error, null)
    const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${destination.port}`
    ask(proxy, authority, options.connectMs ?? CONNECT_MS, done)
  })
}

function ask(proxy: Proxy, authority: string, connectMs: number, done: TunnelDone): void {
  const { authorization, isSecure, hostname, port } = proxy
  const unreachable = (why: string, cause?: unknown): ProxyError => {
    const text = `The proxy ${proxy.name} cannot be used (${why}). Check it, or the variables that name it.`
    return new ProxyError('PROXY_UNREACHABLE', text, { retryable: true, cause })
  }
  const asking = (isSecure ? httpsRequest : httpRequest)({
    hostname,
    port,
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...(authorization === null ? {} : { 'proxy-authorization': authorization }) },
    agent: false,
    timeout: connectMs,
  })
  asking.once('timeout', () => asking.destroy(unreachable(`no answer within ${connectMs / 1000} s`)))
  asking.once('error', (error) =>
    done(ProxyError.is(error) ? error : unreachable(faultCode(error) ?? 'no answer', error), null),
  )
  asking.once('connect', ({ statusCode = 0 }, socket: Socket, early: Buffer) => {
    socket.setTimeout(0)
    socket.removeAllListeners('timeout')
    // Whoever is behind it speaks when it is asked; what comes before was made up by the proxy.
    if (statusCode >= 200 && statusCode < 300 && early.length === 0) return done(null, socket)
    socket.on('error', () => undefined).destroy()
    done(refusal(proxy, authority, statusCode), null)
  })
  asking.end()
}

/** What the proxy is asked for: the name, or its address where that must be looked at. */
function hostFor(
  { hostname }: Destination,
  { lookup, byName }: NameOptions,
  done: (error: Error | null, host: string) => void,
): void {
  if (lookup === undefined || isIP(hostname) !== 0 || byName?.(hostname) === true) return done(null, hostname)
  lookup(hostname, { all: true }, (error, found) => {
    const addresses = Array.isArray(found) ? found : []
    // A proxy that has no IPv6 is more likely than one that has no IPv4.
    const chosen = addresses.find(({ family }) => family === 4) ?? addresses[0]
    if (error === null && chosen !== undefined) return done(null, chosen.address)
    if (error !== null && !['ENOTFOUND', 'EAI_AGAIN'].includes(faultCode(error) ?? '')) return done(error, '')
    const why = `${hostname} cannot be resolved here, so nobody knows whether a proxy would reach a private address`
    const text = `${why}. Name it in SLUICE_PINNED_HOSTS to let the proxy resolve it.`
    done(new ProxyError('UNKNOWN_NAME', text, { retryable: true, cause: error }), '')
  })
}

function refusal(proxy: Proxy, authority: string, status: number): ProxyError {
  if (status === 407) {
    const what =
      proxy.authorization === null ? 'wants a user name and a password' : 'refuses the user name or the password'
    const text = `The proxy ${proxy.name} ${what} (HTTP 407). Check the variable that names it: http://user:password@host:port.`
    return new ProxyError('PROXY_LOGIN', text, { retryable: false })
  }
  const text = `The proxy ${proxy.name} does not lead to ${authority} (HTTP ${status}). Ask who runs it, or name the host in NO_PROXY.`
  return new ProxyError('PROXY_REFUSED', text, { retryable: status >= 500 || status === 429 || status < 300 })
}
