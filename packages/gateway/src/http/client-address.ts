import { isIPv6 } from 'node:net'

/**
 * Whom to count a request for: the peer, or behind `trustedProxies` proxies the address that the outermost of them saw
 * (the n-th from the right of X-Forwarded-For; what stands left of it is the client's own claim). IPv6 counts by /64,
 * which is what one customer gets.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trustedProxies: number): string {
  const hops = forwardedFor === undefined ? [] : forwardedFor.split(',').map((part) => part.trim())
  const claimed = trustedProxies === 0 ? undefined : hops.at(-trustedProxies)
  const address = claimed === undefined || claimed === '' ? peer : claimed
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return isIPv6(plain) ? network(plain) : plain.slice(0, 64)
}

/** The first four groups. */
function network(address: string): string {
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  const groups = [...left, ...zeros, ...right].slice(0, 4)
  return `${groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, '')).join(':')}::/64`
}
