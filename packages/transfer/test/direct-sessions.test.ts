import { PutObjectCommand } from '@aws-sdk/client-s3'
import { loopbackCertificate, startConnectProxy } from '@sluice/dev-faults'
import { proxiesFrom } from '@sluice/http'
import { expect, test } from 'vitest'
import { createDirectSessions, createS3Client } from '../src/node/index.ts'
import { serve } from './servers.ts'

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' }

test.each([
  ['subnet', undefined, 'https://subnet.s3.eu-west-1.amazonaws.com/below/a%20b'],
  ['sub.net', undefined, 'https://s3.eu-west-1.amazonaws.com/sub.net/below/a%20b'],
  ['subnet', 'http://127.0.0.1:9000/store/', 'http://127.0.0.1:9000/store/subnet/below/a%20b'],
])('%s at %s: URLs count from a whole second', async (bucket, endpoint, address) => {
  const at = endpoint === undefined ? {} : { endpoint }
  const now = (): number => Date.parse('2026-11-21T10:00:00.999Z')
  const options = { bucket, prefix: 'below/', region: 'eu-west-1', ...at, credentials, expiresInSeconds: 60, now }
  const sessions = createDirectSessions(options)
  const signed = await sessions.single({ key: 'a b', bytes: 5, crc32: 'AAAAAA==' })
  sessions.close()
  expect(signed.url.split('?')[0]).toBe(address)
  expect(signed.expiresAt).toBe(Date.parse('2026-11-21T10:01:00Z'))
  const query = new URL(signed.url).searchParams
  expect(query.get('X-Amz-Date')).toBe('20261121T100000Z')
  expect(query.get('X-Amz-Expires')).toBe('60')
  expect(query.get('X-Amz-SignedHeaders')?.split(';')).toEqual([...Object.keys(signed.headers), 'host'].sort())
})

const place = { bucket: 'b', region: 'us-east-1', credentials: { accessKeyId: 'A', secretAccessKey: 'S' } }
const listing =
  '<?xml version="1.0"?><ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>'

test('a call of the SDK takes the proxy, and never waits for 100 Continue', async () => {
  const expectations: unknown[] = []
  const url = await serve((request, response) => {
    expectations.push(request.headers['expect'])
    request.resume().on('end', () => response.writeHead(200, { etag: '"e"', 'content-length': '0' }).end())
  }, loopbackCertificate)
  await using proxy = await startConnectProxy()
  const endpoint = url.replace('localhost', 'store.test')
  const ways = { ca: loopbackCertificate.cert, proxies: proxiesFrom({ all_proxy: proxy.url }) }
  const client = createS3Client({ ...place, endpoint, ...ways })
  await client.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: Buffer.alloc(3_000_000) }))
  client.destroy()
  expect(expectations).toEqual([undefined])
  expect(proxy.tunnels).toEqual([{ target: new URL(endpoint).host, status: 200 }])
  const sessions = createDirectSessions({ ...place, endpoint, ...ways })
  expect(await sessions.stat('k')).toMatchObject({ bytes: 0, etag: 'e' })
  sessions.close()
  expect(proxy.tunnels).toHaveLength(2)
})

test('a call whose kept connection was gone is made again at once, once', async () => {
  let requests = 0
  const gone = new Set([2, 4, 5])
  const url = await serve((request, response) => {
    if (gone.has(++requests)) request.socket.resetAndDestroy()
    else response.end(listing)
  })
  const sessions = createDirectSessions({ ...place, endpoint: url })
  for (let n = 0; n < 2; n++) expect(await sessions.uploads()).toEqual([])
  expect(requests).toBe(3)
  await expect(sessions.uploads()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  expect(requests).toBe(5)
  sessions.close()
})

test('an untrusted certificate is named', async () => {
  const url = await serve((_, response) => void response.end(listing), loopbackCertificate)
  const sessions = createDirectSessions({ ...place, endpoint: url })
  const wrong = { code: 'TLS', retryable: false, message: expect.stringContaining('NODE_EXTRA_CA_CERTS') }
  await expect(sessions.uploads()).rejects.toMatchObject(wrong)
  sessions.close()
})
