import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

import { HubRefusal } from './refusal.ts'

/** How long a link to the second origin lives, in milliseconds. */
const LIFETIME_MS = 3_600_000

/** Links that carry their own permission, like the presigned links of the real hub's storage. */
export interface Links {
  /** `path` with its signature for `method`. */
  sign(origin: string, method: string, path: string, query?: Readonly<Record<string, string>>): string
  /** Throws 403 unless the link was signed for this method and has not expired. */
  check(method: string, url: URL): void
}

/** Links signed with a key that lives as long as this process. */
export function createLinks(now: () => number): Links {
  const key = randomBytes(32)
  const seal = (method: string, path: string, query: URLSearchParams): Buffer => {
    const signed = new URLSearchParams([...query].filter(([name]) => name !== 'signature'))
    return createHmac('sha256', key).update(`${method} ${path}?${signed.toString()}`).digest()
  }
  return {
    sign(origin, method, path, query = {}) {
      const url = new URL(path, origin)
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
      url.searchParams.set('expires', String(now() + LIFETIME_MS))
      url.searchParams.set('signature', seal(method, url.pathname, url.searchParams).toString('hex'))
      return url.href
    },
    check(method, url) {
      const given = Buffer.from(url.searchParams.get('signature') ?? '', 'hex')
      const wanted = seal(method === 'HEAD' ? 'GET' : method, url.pathname, url.searchParams)
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
        throw new HubRefusal(403, 'SignatureDoesNotMatch')
      if (Number(url.searchParams.get('expires')) < now()) throw new HubRefusal(403, 'Request has expired')
    },
  }
}
