import { GatewayError } from '../errors.ts'
import { refuse } from '../http/refusal.ts'
import type { Exchange, Route } from '../http/route.ts'
import type { AdapterParts, AdapterRoute } from './adapter.ts'
import { dataUniverseRoutes } from './data-universe.ts'
import { iotaRoutes } from './iota.ts'
import { knowlioRoutes } from './knowlio.ts'
import { taoRoutes } from './tao-v2.ts'

/** The original APIs that the gateway can speak beside its own. */
export const adapterNames = ['iota', 'data-universe', 'tao-v2', 'knowlio'] as const
export type AdapterName = (typeof adapterNames)[number]

const makers: Readonly<Record<AdapterName, (parts: AdapterParts) => readonly AdapterRoute[]>> = {
  iota: iotaRoutes,
  'data-universe': dataUniverseRoutes,
  'tao-v2': taoRoutes,
  knowlio: knowlioRoutes,
}

export function adapterRoutes(names: readonly AdapterName[], parts: AdapterParts): readonly Route[] {
  const byPath = new Map<string, AdapterRoute[]>()
  for (const route of [...new Set(names)].flatMap((name) => makers[name](parts))) {
    const name = `${route.method} ${route.path}`
    byPath.set(name, [...(byPath.get(name) ?? []), route])
  }
  return [...byPath.values()].flatMap((routes) => {
    const [first] = routes
    if (first === undefined) return []
    if (routes.length === 1) return [first]
    const claimed = (exchange: Exchange): AdapterRoute | undefined =>
      routes.find(({ claims }) => claims === undefined || claims(exchange))
    const handle = async (exchange: Exchange): ReturnType<Route['handle']> => {
      const route = claimed(exchange)
      if (route === undefined) throw new GatewayError('BAD_SIGNATURE', 'The request is signed in no known way.')
      return await route.handle(exchange)
    }
    // Each original says no in its own way.
    const refuseAs: NonNullable<Route['refuse']> = (error, exchange) =>
      ((claimed(exchange) ?? first).refuse ?? refuse)(error, exchange)
    return [{ ...first, handle, refuse: refuseAs }]
  })
}
