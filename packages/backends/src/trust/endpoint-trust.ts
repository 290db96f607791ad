import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import type { Proxies } from '@sluice/http'
import { BackendError } from '../port/errors.ts'

/** What endpoints from the chain, and URLs that came from them, may be. */
export interface TrustOptions {
  /**
   * For a devnet: also http, and loopback, private and link-local addresses. Never set it for a real subnet: whoever
   * writes the policy could then reach services of the own network. Default false.
   */
  readonly allowPrivateEndpoints?: boolean | undefined
  /** Only these hosts (`name` or `name:port`) are ever called; empty or absent = any public one. */
  readonly pinnedHosts?: readonly string[] | undefined
  /** Resolves a name; default the system's resolver. */
  readonly lookup?: LookupFunction | undefined
  /** Proxies on the way; default none. A name is looked at here all the same, and the proxy is asked for its address. */
  readonly proxies?: Proxies | undefined
}

/** The rules for untrusted endpoints; everything that leads there goes through it. */
export interface Trust {
  /** The parsed URL. @throws BackendError `UNTRUSTED` that says what is wrong, without path or query */
  check(url: string): URL
  /** For agents: looks at the addresses when it connects, so that a name cannot change its mind after `check`. */
  readonly lookup: LookupFunction
  /** Hosts that somebody trusts by name, or any: a proxy may resolve them itself. */
  readonly byName: (hostname: string) => boolean
  readonly proxies: Proxies | undefined
}

/** IANA's special-purpose registries: nothing of the public Internet is there. */
const closed = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  closed.addSubnet(network, bits, 'ipv4')
}
/** All of IPv6 in use is in 2000::/3; some of that carries IPv4 addresses or documentation. */
const open = new BlockList()
open.addSubnet('2000::', 3, 'ipv6')
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  closed.addSubnet(network, bits, 'ipv6')
}

/** Whether an address is reachable by everybody; false for anything that is no address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !closed.check(address, 'ipv4')
  // Mapped IPv4 (::ffff:0:0/96) is not in 2000::/3, and so refused whatever it holds.
  return family === 6 && open.check(address, 'ipv6') && !closed.check(address, 'ipv6')
}

export function createTrust(options: TrustOptions = {}): Trust {
  const { allowPrivateEndpoints = false, pinnedHosts = [] } = options
  const pinned = new Set(pinnedHosts.map((host) => host.trim().toLowerCase()).filter((host) => host !== ''))
  const resolve = options.lookup ?? systemLookup

  function check(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : null
    if (url === null) throw untrusted('an address', 'it is no URL')
    const { protocol, hostname, host } = url
    if (protocol !== 'https:' && !(allowPrivateEndpoints && protocol === 'http:')) {
      throw untrusted(host, 'it is not https')
    }
    if (url.username !== '' || url.password !== '') throw untrusted(host, 'it has a user name')
    if (pinned.size > 0 && !pinned.has(host) && !pinned.has(hostname)) {
      throw untrusted(host, 'it is none of the pinned hosts')
    }
    const address = hostname.replace(/^\[|\]$/g, '')
    if (!allowPrivateEndpoints && isIP(address) !== 0 && !isPublicAddress(address)) {
      throw untrusted(host, 'its address is not public')
    }
    return url
  }

  const lookup: LookupFunction = (hostname, request, callback) => {
    resolve(hostname, { ...request, all: true }, (error, found) => {
      const addresses = found as unknown as readonly LookupAddress[]
      if (error !== null) return callback(error, [])
      const bad = allowPrivateEndpoints ? undefined : addresses.find(({ address }) => !isPublicAddress(address))
      const [first] = addresses
      if (bad !== undefined || first === undefined) {
        return callback(untrusted(hostname, 'its name leads to an address that is not public'), [])
      }
      if (request.all === true) callback(null, [...addresses])
      else callback(null, first.address, first.family)
    })
  }
  const names = new Set([...pinned].map((host) => host.replace(/:\d+$/, '')))
  const byName = (hostname: string): boolean => allowPrivateEndpoints || names.has(hostname.toLowerCase())
  return { check, lookup, byName, proxies: options.proxies }
}

function untrusted(host: string, problem: string): BackendError {
  const text = `${host.slice(0, 120)} must not be called: ${problem}. Ask the subnet owner, or check your settings.`
  return new BackendError('UNTRUSTED', text, { retryable: false })
}

/** The refusal of an endpoint among the causes of a failed request. */
export function untrustedCause(error: unknown): BackendError | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 6; cause = cause.cause, depth++) {
    if (BackendError.is(cause) && cause.code === 'UNTRUSTED') return cause
    const inner: readonly unknown[] = cause instanceof AggregateError ? cause.errors : []
    for (const one of inner) if (BackendError.is(one) && one.code === 'UNTRUSTED') return one
  }
  return null
}
