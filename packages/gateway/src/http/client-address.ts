import ipaddr from 'ipaddr.js'

/**
 * Whom to count a request for: the peer, or behind `trustedProxies` proxies the address that the outermost of them saw
 * (the n-th from the right of X-Forwarded-For; what stands left of it is the client's own claim). Some proxies write a
 * port behind it, which would make each connection a client of its own. IPv6 counts by /64, which is what one customer
 * gets. What is no address counts for the peer.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trustedProxies: number): string {
  const hops = forwardedFor === undefined ? [] : forwardedFor.split(',')
  const claimed = trustedProxies === 0 ? undefined : hops.at(-trustedProxies)
  return counted(claimed ?? '') ?? counted(peer) ?? 'unknown'
}

function counted(text: string): string | null {
  const bare = withoutPort(text.trim())
  if (!ipaddr.IPv4.isValidFourPartDecimal(bare) && !ipaddr.IPv6.isValid(bare)) return null
  const address = ipaddr.process(bare)
  if (address instanceof ipaddr.IPv4) return address.toString()
  const groups = address.parts.slice(0, 4).map((group) => group.toString(16))
  return `${groups.join(':')}::/64`
}

/** `1.2.3.4:567`, `[2001:db8::1]:567` and `[2001:db8::1]`, also in the quotes of RFC 7239. */
function withoutPort(text: string): string {
  const [, inBrackets, beforePort] = /^"?(?:\[([^\]]*)\](?::\d+)?|([^:]*):\d+)"?$/.exec(text) ?? []
  return inBrackets ?? beforePort ?? text
}
