import { startChainNode } from '@sluice/devnet'
import { afterEach, expect, test, vi } from 'vitest'
import { openPlace } from './s3-place.ts'

afterEach(() => vi.unstubAllEnvs())

test('the handler answers requests, and the scheduler’s event aborts uploads that nobody knows', async () => {
  await using chain = await startChainNode({ miners: 1 })
  const s3 = await openPlace()
  const environment = {
    SLUICE_GATEWAY_PUBLIC_URL: 'https://gateway.example.com',
    SLUICE_GATEWAY_STATE: ':memory:',
    SLUICE_GATEWAY_LOG_LEVEL: 'error',
    SLUICE_GATEWAY_CORS_ORIGINS: '',
    SLUICE_NETUID: String(chain.netuid),
    SLUICE_CHAIN_ENDPOINT: chain.url,
    SLUICE_S3_BUCKET: s3.bucket,
    SLUICE_S3_ENDPOINT: s3.url,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const { handler } = await import('../src/lambda.ts')
  const health = await handler({ rawPath: '/healthz', requestContext: { http: { method: 'GET' } } })
  expect([health.statusCode, JSON.parse(health.body)]).toMatchObject([200, { ok: true, chain: 'fresh' }])
  const unsigned = await handler({ rawPath: '/uploads/list', body: '{}', requestContext: { http: { method: 'POST' } } })
  expect(unsigned.statusCode).toBe(401)
  const swept = await handler({ source: 'sluice.janitor' })
  expect([swept.statusCode, JSON.parse(swept.body)]).toEqual([200, { aborted: 0 }])
  await s3.close()
})
