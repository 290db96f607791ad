import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { UsageMetrics } from '../metrics.ts'

export interface MetricsServer {
  readonly url: string
  close(): Promise<void>
}

/** Serves `/metrics` and `/healthz`. @throws Error when the port is taken */
export async function startMetricsServer(metrics: UsageMetrics, port: number, host: string): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    const finish = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type }).end(body)
    }
    if (path === '/healthz') return finish(200, 'text/plain', 'ok\n')
    if (path !== '/metrics') return finish(404, 'text/plain', 'There are /metrics and /healthz.\n')
    metrics.text().then(
      (text) => finish(200, metrics.contentType, text),
      () => finish(500, 'text/plain', 'the metrics cannot be rendered\n'),
    )
  })
  server.listen(port, host)
  await once(server, 'listening')
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
