import { createMetrics } from '../../packages/gateway/src/metrics.ts'
import { createUsageMetrics } from '../../packages/validator/src/metrics.ts'
import { code, table } from './markdown.ts'

type Registry = ReturnType<typeof createUsageMetrics>['registry']

/** Every metric of the gateway and of the validator's `monitor`, from their registries. */
export function metricsSection(): string {
  return [
    '### sluice-gateway',
    'At `/metrics` of the gateway.',
    metricsTable(createMetrics(() => null).registry),
    '### sluice-validator monitor',
    'At `/metrics` with `--metrics-port`. All values are those of the last sweep.',
    metricsTable(createUsageMetrics().registry),
  ].join('\n\n')
}

function metricsTable(registry: Registry): string {
  // prom-client shows the type and the labels of a metric, but does not declare them.
  const metrics = registry.getMetricsAsArray() as unknown as readonly {
    name: string
    help: string
    type: string
    labelNames: readonly string[]
  }[]
  return table(
    ['metric', 'type', 'labels', 'meaning'],
    metrics.map(({ name, help, type, labelNames }) => [code(name), type, labelNames.map(code).join(', '), help]),
  )
}
