import { splitTarget } from './exchange.ts'

/** The URLs under which clients reach the gateway, and what a request's target means under them. */
export interface PublicUrls {
  /** The absolute URL that the sender signed. */
  signedUrl(host: string | undefined, target: string): string
  /** The path below the base, undecoded, and the query. */
  route(target: string): { readonly path: string; readonly query: string }
}

/**
 * A signature names the whole URL, so a request that was signed for another service is refused here. Behind a proxy only
 * the public URL counts, never what the proxy makes of it. With several URLs the Host header chooses; an unknown host
 * gets the first.
 * @param urls absolute, such as `https://gateway.example.com` or `https://example.com/gateway`; at least one
 */
export function createPublicUrls(urls: readonly string[]): PublicUrls {
  const bases = urls.map((text) => {
    const url = new URL(text)
    return { host: url.host, origin: url.origin, path: url.pathname.replace(/\/+$/, '') }
  })
  const [first] = bases
  if (first === undefined) throw new RangeError('a gateway needs at least one public URL')
  const isBelow = (target: string, path: string): boolean => target === path || target.startsWith(`${path}/`)
  return {
    signedUrl: (host, target) => {
      const base = bases.find((one) => one.host === host?.toLowerCase()) ?? first
      // A proxy may have cut the path of the base.
      return base.origin + (isBelow(target, base.path) ? '' : base.path) + target
    },
    route: (target) => {
      const { path, query } = splitTarget(target)
      const base = bases.find((one) => one.path !== '' && isBelow(path, one.path))
      return { path: base === undefined ? path : path.slice(base.path.length), query }
    },
  }
}
