import { expect, test } from 'vitest'
import { createDirectSessions } from '../src/node/index.ts'

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
