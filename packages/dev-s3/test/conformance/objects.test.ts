import { describe, expect, test } from 'vitest'
import { element, elements, useTarget } from './target.ts'

const target = useTarget()
const md5 = 'MQUbZuHVgqxpLQkZOyb4Tw=='

describe('objects', () => {
  test('headers and metadata of the writer come back', async () => {
    const headers = {
      'content-type': 'application/vnd.apache.parquet',
      'content-encoding': 'gzip',
      'content-disposition': 'attachment; filename="a b"',
      'content-language': 'en',
      'cache-control': 'max-age=60',
      'x-amz-meta-sha256': 'abc',
    }
    const put = await target.current.send({ method: 'PUT', key: 'meta', body: 'hello', headers })
    expect(put.headers['etag']).toBe('"5d41402abc4b2a76b9719d911017c592"')
    const head = await target.current.send({ method: 'HEAD', key: 'meta' })
    expect(head.headers).toMatchObject({
      ...headers,
      'content-length': '5',
      etag: put.headers['etag'],
      'accept-ranges': 'bytes',
    })
  })
  test('an empty object is an object', async () => {
    await target.current.send({ method: 'PUT', key: 'empty', body: '' })
    const answer = await target.current.send({ key: 'empty' })
    expect([answer.status, answer.body.length]).toEqual([200, 0])
  })
  test('the default content type is binary/octet-stream', async () => {
    await target.current.send({ method: 'PUT', key: 'plain', body: 'x' })
    expect((await target.current.send({ key: 'plain' })).headers['content-type']).toBe('binary/octet-stream')
  })
  test('a query may override response headers', async () => {
    const query = { 'response-content-type': 'text/css', 'response-content-disposition': 'inline' }
    const answer = await target.current.send({ key: 'plain', query })
    expect(answer.headers).toMatchObject({ 'content-type': 'text/css', 'content-disposition': 'inline' })
  })
  test('an absent key is NoSuchKey, for HEAD without a body', async () => {
    const get = await target.current.send({ key: 'absent' })
    expect([get.status, get.code, element(get, 'BucketName')]).toEqual([404, 'NoSuchKey', target.current.bucket])
    const head = await target.current.send({ method: 'HEAD', key: 'absent' })
    expect([head.status, head.body.length]).toEqual([404, 0])
  })
  test('an absent bucket is NoSuchBucket', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await target.current.send({
        method,
        bucket: 'no-such-bucket-here',
        key: 'k',
        body: method === 'PUT' ? 'x' : '',
      })
      expect([answer.status, answer.code]).toEqual([404, 'NoSuchBucket'])
    }
  })
  test('deleting twice is a success', async () => {
    await target.current.send({ method: 'PUT', key: 'gone', body: 'x' })
    for (let turn = 0; turn < 2; turn++) {
      expect((await target.current.send({ method: 'DELETE', key: 'gone' })).status).toBe(204)
    }
    expect((await target.current.send({ key: 'gone' })).status).toBe(404)
  })
  test('Content-MD5 is verified', async () => {
    const put = (body: string, value: string): ReturnType<typeof target.current.send> =>
      target.current.send({ method: 'PUT', key: 'md5', body, headers: { 'content-md5': value } })
    expect((await put('hallo', md5)).code).toBe('BadDigest')
    const short = await put('hallo', 'YWJj')
    expect([short.status, short.code]).toEqual([400, 'InvalidDigest'])
    expect((await target.current.send({ key: 'md5' })).status).toBe(404)
  })
  test('overwriting replaces content and metadata', async () => {
    await target.current.send({ method: 'PUT', key: 'twice', body: 'one', headers: { 'x-amz-meta-a': '1' } })
    await target.current.send({ method: 'PUT', key: 'twice', body: 'second' })
    const answer = await target.current.send({ key: 'twice' })
    expect([answer.text, answer.headers['x-amz-meta-a']]).toEqual(['second', undefined])
  })
  test('a key of 1024 bytes fits, a longer one is InvalidObjectName', async () => {
    expect((await target.current.send({ method: 'PUT', key: 'k'.repeat(1024), body: 'x' })).status).toBe(200)
    const answer = await target.current.send({ method: 'PUT', key: 'k'.repeat(1025), body: 'x' })
    expect([answer.status, answer.code]).toEqual([400, 'InvalidObjectName'])
  })
  test.each(['../../escape', '..', './a', 'a//b', '/lead', 'trail/', 'data/hotkey=5F/source=x/bucket=1/p.parquet'])(
    'the key %j is only a name',
    async (key) => {
      expect((await target.current.send({ method: 'PUT', key, body: key })).status).toBe(200)
      expect((await target.current.send({ key })).text).toBe(key)
      expect((await target.current.send({ method: 'DELETE', key })).status).toBe(204)
    },
  )
})

describe('ranges', () => {
  const read = async (range: string): Promise<[number, string, string | undefined]> => {
    await target.current.send({ method: 'PUT', key: 'digits', body: '0123456789' })
    const answer = await target.current.send({ key: 'digits', headers: { range } })
    return [answer.status, answer.code || answer.text, answer.headers['content-range']]
  }
  test.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-30', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
  ])('%s', async (range, status, text, contentRange) => {
    expect(await read(range)).toEqual([status, text, contentRange])
  })
  test('past the end is InvalidRange', async () => {
    expect((await read('bytes=10-12')).slice(0, 2)).toEqual([416, 'InvalidRange'])
  })
  test('HEAD with a range tells its length', async () => {
    await read('bytes=0-0')
    const head = await target.current.send({ method: 'HEAD', key: 'digits', headers: { range: 'bytes=2-4' } })
    expect([head.status, head.headers['content-length']]).toEqual([206, '3'])
  })
})

describe('buckets', () => {
  test('ListBuckets has the bucket', async () => {
    const answer = await target.current.send({ bucket: null })
    expect(elements(answer, 'Name')).toContain(target.current.bucket)
  })
  test('HeadBucket of an absent bucket is 404', async () => {
    expect((await target.current.send({ method: 'HEAD', bucket: 'no-such-bucket-here' })).status).toBe(404)
  })
  test('a bad name is InvalidBucketName', async () => {
    const answer = await target.current.send({ method: 'PUT', bucket: 'Aa' })
    expect([answer.status, answer.code]).toEqual([400, 'InvalidBucketName'])
  })
  test('only an empty bucket can be deleted', async () => {
    const bucket = `${target.current.bucket}-d`
    await target.current.send({ method: 'PUT', bucket })
    expect((await target.current.send({ method: 'PUT', bucket })).status).toBe(200)
    await target.current.send({ method: 'PUT', bucket, key: 'k', body: 'x' })
    const answer = await target.current.send({ method: 'DELETE', bucket })
    expect([answer.status, answer.code]).toEqual([409, 'BucketNotEmpty'])
    await target.current.send({ method: 'DELETE', bucket, key: 'k' })
    expect((await target.current.send({ method: 'DELETE', bucket })).status).toBe(204)
    expect((await target.current.send({ method: 'HEAD', bucket })).status).toBe(404)
  })
})
