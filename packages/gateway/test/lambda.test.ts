import { startChainNode } from '@sluice/dev-chain'
import { afterEach, expect, test, vi } from 'vitest'
import { createLambdaHandler } from '../src/http/lambda-handler.ts'
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

const refusedText = async (event: unknown): Promise<string> => {
  const opened = vi.fn<() => Promise<never>>()
  const reply = await createLambdaHandler(opened)(event)
  expect(opened).not.toHaveBeenCalled()
  expect(reply.statusCode).toBe(422)
  return (JSON.parse(reply.body) as { error: { message: string } }).error.message
}

test('an event that is no request of a function URL is refused in words, before anything is opened', async () => {
  for (const event of [null, undefined, 'GET /', [], {}, { rawPath: 1 }, { requestContext: null }]) {
    expect(await refusedText(event)).toContain('payload version 2.0')
  }
  const rest = { httpMethod: 'GET', path: '/healthz', headers: null, requestContext: { identity: {} } }
  expect(await refusedText(rest)).toContain('REST API')
  const balancer = { httpMethod: 'GET', path: '/healthz', requestContext: { elb: { targetGroupArn: 'arn' } } }
  expect(await refusedText(balancer)).toContain('load balancer')
})

test('null and odd members of an event are as if they were not there', async () => {
  const handle = vi.fn(async () => ({ status: 204, headers: {}, body: '' }))
  const handler = createLambdaHandler(async () => ({ handle, maxBody: () => 10 }))
  const requestContext = { http: { method: 'GET', sourceIp: null } }
  const event = { rawPath: '/healthz', rawQueryString: null, headers: { A: 'b', c: 1 }, body: null, requestContext }
  expect((await handler(event)).statusCode).toBe(204)
  expect((await handler({ ...event, headers: null, rawPath: null, isBase64Encoded: null })).statusCode).toBe(204)
  const none = { method: 'GET', body: Buffer.alloc(0), address: 'unknown' }
  expect(handle.mock.calls).toEqual([
    [{ ...none, target: '/healthz', headers: { a: 'b' } }],
    [{ ...none, target: '/', headers: {} }],
  ])
})
