import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What `/metrics` shows, in a registry of its own. */
export interface Metrics {
  readonly registry: Registry
  readonly requests: Counter<'route' | 'status'>
  readonly refusals: Counter<'code'>
  readonly seconds: Histogram<'route'>
  readonly verifySeconds: Histogram
  readonly abortedUploads: Counter
}

/** @param chainAgeSeconds asked when the metrics are read; null while nothing is known */
export function createMetrics(chainAgeSeconds: () => number | null): Metrics {
  const registry = new Registry()
  const registers = [registry]
  registry.registerMetric(
    new Gauge({
      name: 'sluice_gateway_chain_age_seconds',
      help: 'Seconds since the finalized block last moved; -1 while the chain was never read.',
      registers: [],
      collect() {
        this.set(chainAgeSeconds() ?? -1)
      },
    }),
  )
  return {
    registry,
    requests: new Counter({
      name: 'sluice_gateway_requests_total',
      help: 'Requests by route and status.',
      labelNames: ['route', 'status'],
      registers,
    }),
    refusals: new Counter({
      name: 'sluice_gateway_refusals_total',
      help: 'Refused requests by code.',
      labelNames: ['code'],
      registers,
    }),
    seconds: new Histogram({
      name: 'sluice_gateway_request_seconds',
      help: 'Time to answer.',
      labelNames: ['route'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    verifySeconds: new Histogram({
      name: 'sluice_gateway_verify_seconds',
      help: 'Time to verify one signature.',
      buckets: [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01],
      registers,
    }),
    abortedUploads: new Counter({
      name: 'sluice_gateway_aborted_uploads_total',
      help: 'Stale uploads that the janitor aborted.',
      registers,
    }),
  }
}
