import { BlockList, isIP } from 'node:net'
import { ProxyError } from './errors.ts'

/** Where a connection is to go. */
export interface Destination {
  /** True for https and wss. */
  readonly isSecure: boolean
  /** Without brackets. */
  readonly hostname: string
  readonly port: number
}

export interface Proxy {
  readonly isSecure: boolean
  /** Without brackets. */
  readonly hostname: string
  readonly port: number
  /** As messages show it: scheme, host and port. */
  readonly name: string
  /** The value of `Proxy-Authorization`. */
  readonly authorization: string | null
}

/** Which proxy leads to a destination; null = none, it is reached directly. A function, so that no log shows a password. */
export type Proxies = (destination: Destination) => Proxy | null

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Proxies as curl takes them from the environment: `https_proxy` for https and wss, `http_proxy` for http and ws,
 * `all_proxy` where the other is not set, `no_proxy` for what is reached directly; each in lower or upper case, lower case
 * first. An empty variable counts as not set. Loopback is no exception: name it in `no_proxy`.
 * @throws ProxyError `BAD_PROXY`
 */
export function proxiesFrom(environment: Environment): Proxies {
  const read = (name: string): [name: string, value: string] | null => {
    for (const spelling of [name, name.toUpperCase()]) {
      const value = environment[spelling]?.trim() ?? ''
      if (value !== '') return [spelling, value]
    }
    return null
  }
  const proxy = (name: string): Proxy | null => {
    const found = read(name) ?? read('all_proxy')
    return found === null ? null : parseProxy(...found)
  }
  const secure = proxy('https_proxy')
  const plain = proxy('http_proxy')
  const isExcepted = exceptions(read('no_proxy')?.[1] ?? '')
  return (destination) => {
    const chosen = destination.isSecure ? secure : plain
    return chosen === null || isExcepted(destination) ? null : chosen
  }
}

/** @param variable named in the message; the value may hold a password */
function parseProxy(variable: string, value: string): Proxy {
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : null
  const isSecure = url?.protocol === 'https:'
  if (url === null || url.hostname === '' || (!isSecure && url.protocol !== 'http:')) {
    const advice = 'give http://host:port or https://host:port; SOCKS is not supported'
    throw new ProxyError('BAD_PROXY', `${variable} names no proxy that can be used: ${advice}.`, { retryable: false })
  }
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port)
  const { hostname, username, password } = url
  const login = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')
  return {
    isSecure,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    name: `${url.protocol}//${hostname}:${port}`,
    authorization: username === '' && password === '' ? null : `Basic ${login}`,
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a lone % in a password
  }
}

/**
 * `NO_PROXY`: `*` for everything, `example.org` for it and what is below it (with or without `.` or `*.` before it), an
 * address, a network such as `10.0.0.0/8`; each but a network also with `:port`. Separated by commas or blanks.
 */
function exceptions(list: string): (destination: Destination) => boolean {
  const entries = list
    .toLowerCase()
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
  if (entries.includes('*')) return () => true
  const addresses = new BlockList()
  const names: { readonly name: string; readonly port: number | null }[] = []
  for (const entry of entries) {
    const [, network, bits] = /^([\da-f.:]+)\/(\d{1,3})$/.exec(entry) ?? []
    if (network !== undefined) {
      const version = isIP(network)
      if (version !== 0 && Number(bits) <= (version === 4 ? 32 : 128))
        addresses.addSubnet(network, Number(bits), familyOf(network))
      continue
    }
    const [, bracketed, plain, port] =
      /^(?:\[([\da-f.:]+)\]|([^:]+|[\da-f.:]*:[\da-f.:]*:[\da-f.:]*))(?::(\d{1,5}))?$/.exec(entry) ?? []
    const name = (bracketed ?? plain ?? '').replace(/^\*?\./, '').replace(/\.$/, '')
    if (name === '') continue
    if (isIP(name) !== 0 && port === undefined) addresses.addAddress(name, familyOf(name))
    else names.push({ name, port: port === undefined ? null : Number(port) })
  }
  return ({ hostname, port }) => {
    const host = hostname.toLowerCase().replace(/\.$/, '')
    if (isIP(host) !== 0 && addresses.check(host, familyOf(host))) return true
    return names.some(
      (entry) =>
        (entry.port === null || entry.port === port) && (host === entry.name || host.endsWith(`.${entry.name}`)),
    )
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
