import type { Metrics } from '../metrics.ts'
import { jsonReply } from '../http/exchange.ts'
import type { Route } from '../http/route.ts'
import type { State } from '../state/state.ts'
import type { Subnet } from '../subnet.ts'

export interface ServiceRouteOptions {
  readonly state: State
  readonly subnet: Subnet
  readonly metrics: Metrics
  readonly openApi: () => object
}

/** For operators and tools; unsigned. */
export function serviceRoutes({ state, subnet, metrics, openApi }: ServiceRouteOptions): readonly Route[] {
  let document: string | null = null
  const health: Route = {
    method: 'GET',
    path: '/healthz',
    docs: { summary: 'Whether the gateway can work: 200, or 503 when its state does not answer.', signed: false },
    handle: async () => {
      const current = subnet.current()
      const isStateUp = await state.ping().then(
        () => true,
        () => false,
      )
      const chain = current === null ? 'unknown' : current.stale ? 'stale' : 'fresh'
      const facts = {
        ok: isStateUp && chain === 'fresh',
        state: isStateUp ? 'up' : 'down',
        chain,
        block: current?.view.block ?? null,
      }
      // Behind a stale chain the gateway still serves reads, so a load balancer must keep it.
      return jsonReply(facts, isStateUp ? 200 : 503)
    },
  }
  const exposition: Route = {
    method: 'GET',
    path: '/metrics',
    docs: { summary: 'Prometheus metrics.', signed: false },
    handle: async () => {
      const { registry } = metrics
      return { status: 200, headers: { 'content-type': registry.contentType }, body: await registry.metrics() }
    },
  }
  const openapi: Route = {
    method: 'GET',
    path: '/openapi.json',
    docs: { summary: 'This document.', signed: false },
    handle: async () => {
      document ??= JSON.stringify(openApi())
      return { status: 200, headers: { 'content-type': 'application/json' }, body: document }
    },
  }
  return [health, exposition, openapi]
}
