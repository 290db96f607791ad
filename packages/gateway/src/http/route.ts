import type { GatewayErrorCode } from '@sluice/gateway-api'
import type { z } from 'zod'
import type { GatewayError } from '../errors.ts'
import type { GatewayReply, GatewayRequest } from './exchange.ts'

/** One request on its way through the app. */
export interface Exchange {
  readonly request: GatewayRequest
  /** The absolute URL that the sender signed. */
  readonly url: string
  /** Not decoded. */
  readonly query: string
  /** What stands for the `*` of the route, decoded once. */
  readonly rest: string
  /** Milliseconds since 1970, the same for all that belongs to this request. */
  readonly now: number
  /** Set once the signature is verified; for the log. */
  hotkey: string | null
  /** Set once it is refused; for the log. */
  code: GatewayErrorCode | null
}

/** What a route takes and gives, for the OpenAPI document. */
export interface RouteDocs {
  readonly summary: string
  readonly signed: boolean
  readonly body?: z.ZodType
  readonly query?: z.ZodType
  readonly reply?: z.ZodType
  readonly status?: number
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Fixed, or ending in `/*`, which takes at least one character. */
  readonly path: string
  /** Longest body, bytes; default as the limits say. */
  readonly bodyBytes?: number
  readonly docs: RouteDocs
  readonly handle: (exchange: Exchange) => Promise<GatewayReply>
  /** How this route says no; default is the native form. */
  readonly refuse?: (error: GatewayError, exchange: Exchange) => GatewayReply
}

export interface Match {
  readonly route: Route
  readonly rest: string
}

/** Finds routes by method and path; fixed ones are looked up, the few with a `*` are tried in order. */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => Match | null {
  const fixed = new Map<string, Route>()
  const open: { readonly start: string; readonly route: Route }[] = []
  for (const route of routes) {
    const name = `${route.method} ${route.path}`
    if (fixed.has(name)) throw new RangeError(`two routes for ${name}`)
    fixed.set(name, route)
    if (route.path.endsWith('/*')) open.push({ start: route.path.slice(0, -1), route })
  }
  return (method, path) => {
    const route = path.endsWith('*') ? undefined : fixed.get(`${method} ${path}`)
    if (route !== undefined) return { route, rest: '' }
    const found = open.find(
      ({ start, route }) => route.method === method && path.length > start.length && path.startsWith(start),
    )
    return found === undefined ? null : { route: found.route, rest: decodeRest(path.slice(found.start.length)) }
  }
}

/** Decoded once; what is still encoded then, or cannot be decoded, is refused as a key. */
function decodeRest(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return '%'
  }
}
