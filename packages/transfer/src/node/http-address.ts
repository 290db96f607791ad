/** Where a request goes, as `node:http` wants it. */
export interface HttpAddress {
  readonly protocol: string
  /** As the header `host` has it: without the port that goes without saying. */
  readonly host: string
  readonly hostname: string
  readonly port: string
  readonly path: string
}

/** Origin, then a path and query that a URL parser leaves as they are; it drops an empty query. */
const PLAIN = /^(https?:\/\/[\w.:[\]-]+)(\/[\w\-.~!$&()*+,;=:@%/?]*)(?<!\?)$/
/** What may be a `.` or `..` segment, which a URL parser resolves. */
const DOTTED = /\/(?:\.|%2e)/i

/**
 * Takes URLs apart as `URL` does. Most of one sender have the same origin, which is parsed once.
 * @throws TypeError when it is no URL
 */
export function createAddressReader(): (url: string) => HttpAddress {
  let known: { readonly text: string; readonly origin: HttpAddress } | null = null
  return (url) => {
    const [, text, path] = PLAIN.exec(url) ?? []
    if (text === undefined || path === undefined || DOTTED.test(path)) return read(url)
    if (known?.text !== text) known = { text, origin: read(text) }
    const { protocol, host, hostname, port } = known.origin
    return { protocol, host, hostname, port, path }
  }
}

function read(url: string): HttpAddress {
  const { protocol, host, hostname, port, pathname, search } = new URL(url)
  return { protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port, path: pathname + search }
}
