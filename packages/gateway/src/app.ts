/** The gateway as a function from request to reply; Node's server, Lambda and the tests are thin layers over it. */
import type { Authenticator } from './authenticate.ts'
import { GatewayError } from './errors.ts'
import type { Cors } from './http/cors.ts'
import type { GatewayReply, GatewayRequest } from './http/exchange.ts'
import type { PublicUrls } from './http/public-url.ts'
import { type App, refuse, tooLarge } from './http/refusal.ts'
import { createRouter, type Exchange, type Match, type Route } from './http/route.ts'
import type { Limits } from './limits.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

export interface AppOptions {
  readonly routes: readonly Route[]
  readonly authenticator: Authenticator
  readonly urls: PublicUrls
  readonly cors: Cors
  readonly limits: Limits
  readonly metrics: Metrics
  readonly log: Log
  readonly now: () => number
}

export function createApp(options: AppOptions): App {
  const { routes, authenticator, urls, cors, limits, metrics, log, now } = options
  const router = createRouter(routes)
  const bodyBytes = (match: Match | null): number => match?.route.bodyBytes ?? limits.bodyBytes

  const answer = async (
    request: GatewayRequest,
    match: Match | null,
    query: string,
  ): Promise<[GatewayReply, Exchange]> => {
    const exchange: Exchange = {
      request,
      url: urls.signedUrl(request.headers['host'], request.target),
      query,
      rest: match?.rest ?? '',
      now: now(),
      hotkey: null,
      code: null,
    }
    try {
      if (match === null) throw new GatewayError('NO_SUCH_ROUTE', 'There is no such route; see /openapi.json.')
      if (match.route.docs.signed) await authenticator.admitAddress(exchange)
      if (request.body.length > bodyBytes(match)) throw tooLarge(bodyBytes(match))
      return [await match.route.handle(exchange), exchange]
    } catch (error) {
      const refusal = GatewayError.is(error) ? error : internal(error)
      exchange.code = refusal.code
      if (refusal.status >= 500) log.error({ error, code: refusal.code }, 'a request failed')
      metrics.refusals.inc({ code: refusal.code })
      return [(match?.route.refuse ?? refuse)(refusal, exchange), exchange]
    }
  }

  return {
    handle: async (request) => {
      const started = performance.now()
      const preflight = cors.preflight(request)
      if (preflight !== null) return preflight
      const { path, query } = urls.route(request.target)
      const match = router(request.method, path)
      const [reply, exchange] = await answer(request, match, query)
      const route = match === null ? 'none' : `${match.route.method} ${match.route.path}`
      const seconds = (performance.now() - started) / 1000
      metrics.requests.inc({ route, status: reply.status })
      metrics.seconds.observe({ route }, seconds)
      if (match?.route.docs.signed === true) {
        const { hotkey, code } = exchange
        const refused = code === null ? {} : { code }
        log.info({ route, status: reply.status, ...refused, ms: Math.round(seconds * 1000), hotkey }, 'request')
      }
      return {
        ...reply,
        headers: {
          ...reply.headers,
          ...cors.headers(request),
          // Clients correct their clock by it.
          date: new Date(exchange.now).toUTCString(),
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
        },
      }
    },
    maxBody: (method, target) => bodyBytes(router(method, urls.route(target).path)),
  }
}

function internal(error: unknown): GatewayError {
  return new GatewayError('INTERNAL', 'The gateway failed; its log says why.', { cause: error })
}
