import type { ApiRoute } from '@sluice/gateway-api'
import type { z } from 'zod'
import type { Authenticator } from '../authenticate.ts'
import { GatewayError } from '../errors.ts'
import { emptyReply, type GatewayReply, jsonReply } from '../http/exchange.ts'
import type { Exchange, Route, RouteDocs } from '../http/route.ts'
import { parseBody } from '../strict-json.ts'

interface Shape<Body, Query, Reply> extends ApiRoute<Body, Query, Reply> {
  readonly summary: string
  readonly bodyBytes?: number
}

/** What a native route's own code gets: the verified hotkey and the checked input. */
export interface Call<Body, Query> {
  readonly address: string
  readonly body: Body
  readonly query: Query
  /** The key at the end of the path. */
  readonly rest: string
  readonly now: number
}

/** Makes a route of the native API: signature first, then the input, then the answer as JSON (undefined: 204). */
export function nativeRoute<Body, Query, Reply extends object | undefined>(
  authenticator: Authenticator,
  shape: Shape<Body, Query, Reply>,
  answer: (call: Call<Body, Query>) => Promise<Reply>,
): Route {
  const docs: RouteDocs = {
    summary: shape.summary,
    signed: true,
    ...(shape.body === undefined ? {} : { body: shape.body }),
    ...(shape.query === undefined ? {} : { query: shape.query }),
    ...(shape.reply === undefined ? { status: 204 } : { reply: shape.reply }),
  }
  return {
    method: shape.method,
    path: shape.path,
    ...(shape.bodyBytes === undefined ? {} : { bodyBytes: shape.bodyBytes }),
    docs,
    handle: async (exchange: Exchange): Promise<GatewayReply> => {
      const address = await authenticator.native(exchange)
      const { request, rest, now } = exchange
      if (shape.body === undefined && request.body.length > 0) {
        throw new GatewayError('BAD_REQUEST', 'This request takes no body.')
      }
      const query = shape.query === undefined ? null : checked(shape.query, parseQuery(exchange.query))
      if (shape.query === undefined && exchange.query !== '') {
        throw new GatewayError('BAD_REQUEST', 'This request takes no query.')
      }
      const body = shape.body === undefined ? null : checked(shape.body, parseBody(request.body))
      const reply = await answer({ address, body, query, rest, now } as Call<Body, Query>)
      return reply === undefined ? emptyReply : jsonReply(reply)
    },
  }
}

/** @throws GatewayError BAD_REQUEST that names what is wrong, but does not repeat it */
export function checked<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = issue?.path.map((part) => String(part)).join('.') ?? ''
  const where = path === '' ? 'The request' : `"${path.slice(0, 60)}"`
  throw new GatewayError('BAD_REQUEST', `${where} is wrong: ${(issue?.message ?? 'it does not fit').slice(0, 160)}.`)
}

function parseQuery(query: string): Record<string, string> {
  const result = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    if (result.has(name)) throw new GatewayError('BAD_REQUEST', 'The query has a name twice.')
    result.set(name, value)
  }
  return Object.fromEntries(result)
}

export const iso = (ms: number): string => new Date(ms).toISOString()
