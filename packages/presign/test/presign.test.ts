import { createHmac } from 'node:crypto'
import { S3Client } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { createPresigner, type PresignInput, type S3Credentials } from '../src/presign.ts'

const place = { bucket: 'subnet', region: 'eu-central-1', endpoint: null }
const host = 'subnet.s3.eu-central-1.amazonaws.com'
const user: S3Credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret/one' }
const role: S3Credentials = { ...user, accessKeyId: 'ASIAEXAMPLE', sessionToken: 'FwoG//token+with/all=letters==' }
const renewed: S3Credentials = { ...role, sessionToken: 'IQoJ another+/=' }
const lastSecond = Date.UTC(2026, 10, 21, 23, 59, 59, 999)

const input: PresignInput = {
  method: 'PUT',
  key: "data/hotkey=5Grw/a b+(c)!'.bin",
  query: { partNumber: '7', uploadId: 'id/+=~' },
  headers: { 'content-length': '5', 'content-type': 'text/plain', 'x-amz-meta-sha256': 'ab' },
  expiresSeconds: 900,
}

/** What the SDK's own signer makes of the same request: parameters by name, signature among them. */
async function signedBySdk({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials, now: number) {
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
  const client = new S3Client({ region: place.region, credentials })
  const names = Object.keys(input.headers ?? {})
  const path = (input.key ?? '')
    .split('/')
    .map((part) => encodeURIComponent(part).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`))
    .join('/')
  const signer = await client.config.signer()
  const request = {
    method: input.method,
    protocol: 'https:',
    hostname: host,
    path: `/${path}`,
    query: { ...input.query },
    headers: { host, ...input.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  }
  const presigner = signer as unknown as {
    presign(one: typeof request, options: object): Promise<{ query: Record<string, string> }>
  }
  const { query } = await presigner.presign(request, {
    expiresIn: input.expiresSeconds,
    signingDate: new Date(now),
    // Headers that are signed stay headers; the mark of the payload is neither sent nor signed.
    unhoistableHeaders: new Set([...names, 'x-amz-content-sha256']),
    unsignableHeaders: new Set(['x-amz-content-sha256']),
    signableHeaders: new Set([...names, 'host']),
  })
  client.destroy()
  return query
}

test("AWS's own example of a presigned GET", () => {
  // "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)", the example of test.txt: its path is
  // that of a bucket on an endpoint which has the example's host.
  const presigner = createPresigner({
    bucket: 'test.txt',
    region: 'us-east-1',
    endpoint: 'https://examplebucket.s3.amazonaws.com',
  })
  const keys = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  }
  const { url } = presigner.presign({ method: 'GET', expiresSeconds: 86_400 }, keys, Date.parse('2013-05-24T00:00:00Z'))
  expect(url).toMatch(/^https:\/\/examplebucket\.s3\.amazonaws\.com\/test\.txt\?/)
  expect(new URL(url).searchParams.get('X-Amz-Signature')).toBe(
    'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  )
})

test('URLs are those of the SDK, with and without a session token, whatever came before', async () => {
  const presigner = createPresigner(place)
  const times: readonly (readonly [S3Credentials, number])[] = [
    [role, lastSecond - 900],
    [role, lastSecond],
    // Other credentials within the same second, and the first ones again.
    [renewed, lastSecond],
    [user, lastSecond],
    [role, lastSecond],
    // The next second is of another day, so of another key.
    [role, lastSecond + 1],
    [role, lastSecond + 1001],
    [user, lastSecond + 1001],
    // A clock that is set back.
    [role, lastSecond - 86_400_000],
  ]
  const signatures = new Set<string>()
  for (const [credentials, now] of times) {
    const { url, headers } = presigner.presign(input, credentials, now)
    const expected = await signedBySdk(credentials, now)
    const { origin, searchParams } = new URL(url)
    expect([origin, headers]).toEqual([`https://${host}`, input.headers])
    expect(Object.fromEntries(searchParams)).toEqual(expected)
    expect(searchParams.get('X-Amz-Security-Token')).toBe(credentials.sessionToken ?? null)
    signatures.add(searchParams.get('X-Amz-Signature') ?? '')
  }
  // Twice the same second and credentials, so one signature twice and once more.
  expect(signatures.size).toBe(times.length - 2)
})

test('a form carries the session token, signed as part of its policy', () => {
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const form = { prefix: 'data/hotkey=5Grw/', minBytes: 1, maxBytes: 9, fields: { a: 'b' }, expiresSeconds: 60 }
  const presigner = createPresigner(place)
  for (const now of [lastSecond, lastSecond + 1]) {
    const { url, fields } = presigner.presignForm(form, role, now)
    const day = now === lastSecond ? '20261121' : '20261122'
    const key = ['eu-central-1', 's3', 'aws4_request'].reduce<Buffer>(hmac, hmac('AWS4secret/one', day))
    expect(url).toBe(`https://${host}/`)
    expect(fields['x-amz-signature']).toBe(hmac(key, fields['policy'] ?? '').toString('hex'))
    const policy = JSON.parse(Buffer.from(fields['policy'] ?? '', 'base64').toString()) as { conditions: unknown[] }
    const token = { 'x-amz-security-token': role.sessionToken }
    expect(policy.conditions).toContainEqual(token)
    expect(fields).toMatchObject({ ...token, 'x-amz-credential': `ASIAEXAMPLE/${day}/eu-central-1/s3/aws4_request` })
  }
})
