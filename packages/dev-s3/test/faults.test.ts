import { request as httpRequest } from 'node:http'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type DevS3, startS3Server } from '../src/server.ts'
import { presignQuery, queryText } from './conformance/signer.ts'
import { type Answer, exchange } from './conformance/target.ts'

let server: DevS3
let clock = Date.now()

beforeAll(async () => {
  server = await startS3Server({ buckets: ['faulty'], now: () => clock })
})
afterAll(() => server.close())
afterEach(() => server.faults.clear())

function link(method: string, key: string): string {
  const path = `/faulty/${key}`
  const headers = { host: new URL(server.url).host }
  const signing = { ...server, date: new Date(clock) }
  return `${path}?${queryText(presignQuery({ method, path, query: {}, headers, payload: 'UNSIGNED-PAYLOAD' }, signing, 600))}`
}
const put = (key: string, body: string | Uint8Array = 'hello'): Promise<Answer> =>
  exchange(server.url, 'PUT', link('PUT', key), {}, body)
const get = (key: string): Promise<Answer> => exchange(server.url, 'GET', link('GET', key), {})

describe('faults', () => {
  test('a status with code and Retry-After, as often as asked, then normal again', async () => {
    server.faults.add({ method: 'PUT', times: 2, kind: { status: 503, code: 'SlowDown', retryAfterSeconds: 7 } })
    for (let turn = 0; turn < 2; turn++) {
      const answer = await put('status')
      expect([answer.status, answer.code, answer.headers['retry-after']]).toEqual([503, 'SlowDown', '7'])
    }
    expect((await put('status')).status).toBe(200)
  })
  test('method and path select, the returned function removes', async () => {
    await put('a')
    const remove = server.faults.add({ method: 'GET', path: /\/faulty\/b/, kind: { status: 500 } })
    expect((await get('a')).status).toBe(200)
    expect((await get('b')).status).toBe(500)
    expect((await put('b')).status).toBe(200)
    remove()
    expect((await get('b')).status).toBe(200)
  })
  test('a global regular expression hits every time', async () => {
    server.faults.add({ path: /faulty/g, kind: { status: 500 } })
    for (let turn = 0; turn < 3; turn++) expect((await get('a')).status).toBe(500)
  })
  test('a rate limit lets through what fits into a second', async () => {
    server.faults.add({ kind: { requestsPerSecond: 3 } })
    const statuses = []
    for (let turn = 0; turn < 5; turn++) statuses.push((await put('rate')).status)
    expect(statuses).toEqual([200, 200, 200, 503, 503])
    clock += 1001
    expect((await put('rate')).status).toBe(200)
  })
  test('reset does nothing and cuts the connection', async () => {
    server.faults.add({ times: 1, kind: 'reset' })
    await expect(put('reset')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect((await get('reset')).status).toBe(404)
  })
  test('reset after n bytes of an upload stores nothing', async () => {
    server.faults.add({ times: 1, kind: { resetAfterBytes: 200_000 } })
    await expect(put('half', Buffer.alloc(4_000_000))).rejects.toThrow(/ECONNRESET|EPIPE|socket hang up/)
    expect((await get('half')).status).toBe(404)
  })
  test('reset after n bytes of a download', async () => {
    await put('big', Buffer.alloc(4_000_000))
    server.faults.add({ times: 1, kind: { resetAfterBytes: 300_000 } })
    await expect(get('big')).rejects.toThrow(/ECONNRESET|aborted/)
    expect((await get('big')).body.length).toBe(4_000_000)
  })
  test('lost reply: done, but nobody says so', async () => {
    server.faults.add({ method: 'PUT', times: 1, kind: 'lost-reply' })
    await expect(put('lost')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect((await get('lost')).text).toBe('hello')
  })
  test('stall: read, never answered', async () => {
    server.faults.add({ times: 1, kind: 'stall' })
    const { hostname, port } = new URL(server.url)
    const stalled = httpRequest({ hostname, port, method: 'PUT', path: link('PUT', 'stall'), agent: false })
    let answered = false
    stalled.on('response', () => (answered = true))
    stalled.on('error', () => undefined)
    stalled.end('hello')
    // A later request is answered, so the stalled one had its turn.
    while ((await get('other')).status !== 404) continue
    expect(answered).toBe(false)
    stalled.destroy()
    expect((await get('stall')).status).toBe(404)
  })
  test('slow: whole in the end', async () => {
    server.faults.add({ times: 2, kind: { bytesPerSecond: 4_000_000 } })
    const body = Buffer.alloc(600_000, 3)
    const started = performance.now()
    expect((await put('slow', body)).status).toBe(200)
    expect((await get('slow')).body.equals(body)).toBe(true)
    expect(performance.now() - started).toBeGreaterThan(100)
  })
})

describe('200 with an error', () => {
  async function upload(kind: 'error-in-200' | 'refused-in-200'): Promise<{ error: string; stored: number }> {
    const { url, region, accessKeyId, secretAccessKey } = server
    const credentials = { accessKeyId, secretAccessKey }
    const sdk = new S3Client({ endpoint: url, region, credentials, forcePathStyle: true, maxAttempts: 1 })
    clock = Date.now()
    const place = { Bucket: 'faulty', Key: kind }
    const { UploadId } = await sdk.send(new CreateMultipartUploadCommand(place))
    const { ETag } = await sdk.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'hello' }))
    server.faults.add({ method: 'POST', path: /uploadId=/, times: 1, kind })
    const parts = { Parts: [{ PartNumber: 1, ETag }] }
    const done = sdk.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: parts }))
    const error = await done.then(
      () => 'none',
      (cause: Error) => cause.name,
    )
    sdk.destroy()
    return { error, stored: (await get(kind)).status }
  }
  test('the object may be there', async () => {
    expect(await upload('error-in-200')).toEqual({ error: 'InternalError', stored: 200 })
  })
  test('or not', async () => {
    expect(await upload('refused-in-200')).toEqual({ error: 'InternalError', stored: 404 })
  })
})
