import { describe, expect, test } from 'vitest'
import { chunkedBody } from './signer.ts'
import { exchange, useTarget } from './target.ts'

const target = useTarget()
const minutes = (count: number): Date => new Date(Date.now() + count * 60_000)
/** The target of a presigned URL; the request that reveals it is harmless. */
async function presigned(method: string, key: string, headers: Record<string, string> = {}): Promise<string> {
  let link = ''
  const tamper = (path: string): string => (link = path)
  await target.current.send({ method, key, presign: 60, headers, tamper })
  return link
}
const streaming = (length: number): Record<string, string> => ({ 'x-amz-decoded-content-length': String(length) })

describe('signature in the header', () => {
  test('a right one is accepted', async () => {
    expect((await target.current.send({ method: 'HEAD' })).status).toBe(200)
  })
  test('a wrong secret is SignatureDoesNotMatch', async () => {
    const answer = await target.current.send({ signing: { secretAccessKey: 'wrong' } })
    expect([answer.status, answer.code]).toEqual([403, 'SignatureDoesNotMatch'])
  })
  test('an unknown key is InvalidAccessKeyId', async () => {
    const answer = await target.current.send({ signing: { accessKeyId: 'NOBODY' } })
    expect([answer.status, answer.code]).toEqual([403, 'InvalidAccessKeyId'])
  })
  test('no signature is AccessDenied', async () => {
    const answer = await target.current.send({ anonymous: true })
    expect([answer.status, answer.code]).toEqual([403, 'AccessDenied'])
  })
  test.each([-16, 16])('a clock that is %i minutes off is RequestTimeTooSkewed', async (offset) => {
    const answer = await target.current.send({ signing: { date: minutes(offset) } })
    expect([answer.status, answer.code]).toEqual([403, 'RequestTimeTooSkewed'])
  })
  test.each([-13, 13])('a clock that is %i minutes off passes', async (offset) => {
    expect((await target.current.send({ signing: { date: minutes(offset) } })).status).toBe(200)
  })
  test('a changed target is SignatureDoesNotMatch', async () => {
    const answer = await target.current.send({ key: 'a', tamper: (path) => path.replace(/a$/, 'b') })
    expect([answer.status, answer.code]).toEqual([403, 'SignatureDoesNotMatch'])
  })
  test('an unsigned content-type is AccessDenied', async () => {
    const answer = await target.current.send({
      method: 'PUT',
      key: 'u',
      body: 'x',
      unsigned: { 'content-type': 'text/html' },
    })
    expect([answer.status, answer.code]).toEqual([403, 'AccessDenied'])
  })
  test('a body that differs from the signed hash is XAmzContentSHA256Mismatch', async () => {
    const answer = await target.current.send({ method: 'PUT', key: 'h', body: 'x', payload: 'a'.repeat(64) })
    expect([answer.status, answer.code]).toEqual([400, 'XAmzContentSHA256Mismatch'])
    expect((await target.current.send({ key: 'h' })).status).toBe(404)
  })
  test('UNSIGNED-PAYLOAD is accepted', async () => {
    const answer = await target.current.send({ method: 'PUT', key: 'up', body: 'x', payload: 'UNSIGNED-PAYLOAD' })
    expect(answer.status).toBe(200)
  })
  test('odd characters in key and query are signed alike', async () => {
    const key = 'a=b/ü +&\'()*!~%41/;,$@:#?"<>|\\{}'
    expect((await target.current.send({ method: 'PUT', key, body: 'odd' })).status).toBe(200)
    expect((await target.current.send({ key, query: { 'response-content-type': 'a/b; c=d e+f' } })).text).toBe('odd')
  })
})

describe('presigned', () => {
  test('GET and PUT work', async () => {
    expect((await target.current.send({ method: 'PUT', key: 'p', body: 'pre', presign: 60 })).status).toBe(200)
    expect((await target.current.send({ key: 'p', presign: 60 })).text).toBe('pre')
  })
  test('expired is AccessDenied', async () => {
    const answer = await target.current.send({ key: 'p', presign: 60, signing: { date: minutes(-2) } })
    expect([answer.status, answer.code]).toEqual([403, 'AccessDenied'])
  })
  test('a longer lifetime than signed is SignatureDoesNotMatch', async () => {
    const tamper = (path: string): string => path.replace('Expires=60', 'Expires=61')
    const answer = await target.current.send({ key: 'p', presign: 60, tamper })
    expect([answer.status, answer.code]).toEqual([403, 'SignatureDoesNotMatch'])
  })
  test('another method is SignatureDoesNotMatch', async () => {
    const answer = await exchange(target.current.url, 'DELETE', await presigned('GET', 'p'), {})
    expect([answer.status, answer.code]).toEqual([403, 'SignatureDoesNotMatch'])
  })
  test('a lifetime over seven days is refused', async () => {
    const answer = await target.current.send({ key: 'p', presign: 604_801 })
    expect([answer.status, answer.code]).toEqual([403, 'AccessDenied'])
  })
  test('a changed signature is SignatureDoesNotMatch', async () => {
    const tamper = (path: string): string => path.replace(/Signature=[0-9a-f]{8}/, 'Signature=00000000')
    const answer = await target.current.send({ key: 'p', presign: 60, tamper })
    expect([answer.status, answer.code]).toEqual([403, 'SignatureDoesNotMatch'])
  })
  test('an unsigned content-type is AccessDenied', async () => {
    const answer = await target.current.send({
      method: 'PUT',
      key: 'p',
      body: 'x',
      presign: 60,
      unsigned: { 'content-type': 'a/b' },
    })
    expect([answer.status, answer.code]).toEqual([403, 'AccessDenied'])
  })
  test('a signed length and checksum bind the body', async () => {
    const checksum = { 'x-amz-checksum-crc32': 'NhCmhg==', 'x-amz-sdk-checksum-algorithm': 'CRC32' }
    const call = { method: 'PUT', key: 'bound', presign: 60, headers: { 'content-length': '5', ...checksum } }
    expect((await target.current.send({ ...call, body: 'hello' })).status).toBe(200)
    const wrong = await target.current.send({ ...call, body: 'jello' })
    expect([wrong.status, wrong.code]).toEqual([400, 'BadDigest'])
  })
  test('a signed header that is not sent is refused', async () => {
    const link = await presigned('PUT', 'bound', { 'x-amz-checksum-crc32': 'NhCmhg==' })
    expect((await exchange(target.current.url, 'PUT', link, {}, 'hello')).status).toBe(403)
  })
})

describe('aws-chunked', () => {
  const parts = [Buffer.alloc(65_536, 1), Buffer.alloc(70_000, 2), Buffer.from('end')]
  const whole = Buffer.concat(parts)

  test('signed chunks are decoded', async () => {
    const answer = await target.current.send({
      method: 'PUT',
      key: 'chunks',
      payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      headers: { ...streaming(whole.length), 'content-encoding': 'aws-chunked,gzip' },
      chunked: (seed, signing) => chunkedBody(parts, { seed, signing }),
    })
    expect(answer.status).toBe(200)
    const stored = await target.current.send({ key: 'chunks' })
    expect(stored.body.equals(whole)).toBe(true)
    expect(stored.headers['content-encoding']).toBe('gzip')
  })
  test('a chunk that was changed is SignatureDoesNotMatch', async () => {
    const answer = await target.current.send({
      method: 'PUT',
      key: 'forged',
      payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      headers: { ...streaming(whole.length) },
      chunked: (seed, signing) => {
        const body = chunkedBody(parts, { seed, signing })
        body.writeUInt8(9, 1000)
        return body
      },
    })
    expect([answer.status, answer.code]).toEqual([403, 'SignatureDoesNotMatch'])
    expect((await target.current.send({ key: 'forged' })).status).toBe(404)
  })
  test.each([
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', false],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', true],
  ])('%s: the trailer is verified', async (payload, signed) => {
    const put = (crc32: string): ReturnType<typeof target.current.send> =>
      target.current.send({
        method: 'PUT',
        key: 'trailer',
        payload,
        headers: {
          ...streaming(5),
          'x-amz-trailer': 'x-amz-checksum-crc32',
          'x-amz-sdk-checksum-algorithm': 'CRC32',
        },
        chunked: (seed, signing) =>
          chunkedBody([Buffer.from('hello')], {
            trailers: { 'x-amz-checksum-crc32': crc32 },
            ...(signed ? { seed, signing } : {}),
          }),
      })
    expect((await put('NhCmhg==')).status).toBe(200)
    expect((await target.current.send({ key: 'trailer' })).text).toBe('hello')
    expect((await put('AAAAAA==')).status).toBe(400)
  })
})
