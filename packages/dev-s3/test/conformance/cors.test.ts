import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Answer, element, exchange, useTarget } from './target.ts'

const target = useTarget()
const ORIGIN = 'https://app.example'
const RULES = `<CORSConfiguration><CORSRule><AllowedOrigin>${ORIGIN}</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod><AllowedHeader>content-*</AllowedHeader><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>100</MaxAgeSeconds></CORSRule></CORSConfiguration>`

function putRules(body: string): Promise<Answer> {
  const headers = { 'content-md5': createHash('md5').update(body).digest('base64') }
  return target.current.send({ method: 'PUT', query: { cors: '' }, body, headers })
}
function preflight(headers: Record<string, string>): Promise<Answer> {
  return exchange(target.current.url, 'OPTIONS', `/${target.current.bucket}/key`, headers)
}
const ask = (origin: string, method: string, headers?: string): Promise<Answer> =>
  preflight({
    origin,
    'access-control-request-method': method,
    ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
  })

describe('CORS', () => {
  beforeAll(async () => {
    const before = await target.current.send({ query: { cors: '' } })
    expect([before.status, before.code]).toEqual([404, 'NoSuchCORSConfiguration'])
    expect((await putRules(RULES)).status).toBe(200)
  })
  test('the rules can be read back', async () => {
    const answer = await target.current.send({ query: { cors: '' } })
    expect([element(answer, 'AllowedOrigin'), element(answer, 'ExposeHeader')]).toEqual([ORIGIN, 'ETag'])
  })
  test('a preflight within the rules passes with ETag exposed', async () => {
    const answer = await ask(ORIGIN, 'PUT', 'content-type,x-amz-date')
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'content-type,x-amz-date',
      'access-control-expose-headers': 'ETag',
      'access-control-max-age': '100',
      vary: 'Origin',
    })
  })
  test.each([
    ['origin', 'https://evil.example', 'PUT', 'content-type'],
    ['method', ORIGIN, 'DELETE', 'content-type'],
    ['header', ORIGIN, 'PUT', 'authorization'],
  ])('another %s is AccessDenied', async (_name, origin, method, headers) => {
    const answer = await ask(origin, method, headers)
    expect([answer.status, answer.code]).toEqual([403, 'AccessDenied'])
  })
  test('a preflight without Origin is InvalidArgument', async () => {
    const answer = await preflight({})
    expect([answer.status, answer.code]).toEqual([400, 'InvalidArgument'])
  })
  test('replies carry the headers, errors too', async () => {
    const put = await target.current.send({ method: 'PUT', key: 'c', body: 'x', unsigned: { origin: ORIGIN } })
    const error = await target.current.send({ key: 'absent', unsigned: { origin: ORIGIN } })
    for (const answer of [put, error]) {
      expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
      expect(answer.headers['access-control-expose-headers']).toBe('ETag')
    }
    const foreign = await target.current.send({ key: 'c', unsigned: { origin: 'https://evil.example' } })
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined()
  })
  test('broken rules are MalformedXML', async () => {
    const answer = await putRules('<CORSConfiguration><CORSRule></CORSRule>')
    expect([answer.status, answer.code]).toEqual([400, 'MalformedXML'])
  })
})
