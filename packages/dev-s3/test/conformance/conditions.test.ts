import { describe, expect, test } from 'vitest'
import { element, useTarget } from './target.ts'

const target = useTarget()
const ETAG = '"5d41402abc4b2a76b9719d911017c592"'
const OTHER = '"00000000000000000000000000000000"'

async function hello(key: string): Promise<void> {
  await target.current.send({ method: 'PUT', key, body: 'hello' })
}

describe('conditional reads', () => {
  test.each([
    ['if-match', ETAG, 200, ''],
    ['if-match', OTHER, 412, 'PreconditionFailed'],
    ['if-none-match', OTHER, 200, ''],
    ['if-none-match', ETAG, 304, ''],
    ['if-modified-since', 'Sat, 01 Jan 2000 00:00:00 GMT', 200, ''],
    ['if-modified-since', 'Tue, 01 Jan 2100 00:00:00 GMT', 304, ''],
    ['if-unmodified-since', 'Sat, 01 Jan 2000 00:00:00 GMT', 412, 'PreconditionFailed'],
    ['if-unmodified-since', 'Tue, 01 Jan 2100 00:00:00 GMT', 200, ''],
  ])('%s %s gives %i', async (name, value, status, code) => {
    await hello('read')
    const answer = await target.current.send({ key: 'read', headers: { [name]: value } })
    expect([answer.status, answer.code]).toEqual([status, code])
  })
})

test('If-Match: * on a read holds for any object', async () => {
  await hello('read')
  const answer = await target.current.send({ key: 'read', headers: { 'if-match': '*' } })
  expect(answer.status).toBe(target.current.isDevnet ? 200 : 412)
})

describe('conditional writes', () => {
  const put = (key: string, headers: Record<string, string>): ReturnType<typeof target.current.send> =>
    target.current.send({ method: 'PUT', key, body: 'next', headers })

  test('If-None-Match: * creates once', async () => {
    expect((await put('once', { 'if-none-match': '*' })).status).toBe(200)
    const again = await put('once', { 'if-none-match': '*' })
    expect([again.status, again.code]).toEqual([412, 'PreconditionFailed'])
  })
  test('of many writers with If-None-Match one wins', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => put('race', { 'if-none-match': '*' })))
    const won = answers.filter(({ status }) => status === 200)
    expect(won.length).toBe(1)
  })
  test('If-Match replaces only what it names', async () => {
    await hello('swap')
    expect((await put('swap', { 'if-match': OTHER })).status).toBe(412)
    expect((await put('swap', { 'if-match': ETAG })).status).toBe(200)
    expect((await target.current.send({ key: 'swap' })).text).toBe('next')
  })
  test('If-Match on an absent key is NoSuchKey', async () => {
    const answer = await put('never', { 'if-match': ETAG })
    expect([answer.status, answer.code]).toEqual([404, 'NoSuchKey'])
  })
})

describe('CopyObject', () => {
  const copy = (key: string, headers: Record<string, string> = {}): ReturnType<typeof target.current.send> =>
    target.current.send({
      method: 'PUT',
      key,
      headers: { 'x-amz-copy-source': `/${target.current.bucket}/from%3D%20a`, ...headers },
    })
  const source = async (): Promise<void> => {
    const headers = { 'content-type': 'text/x', 'x-amz-meta-a': '1' }
    await target.current.send({ method: 'PUT', key: 'from= a', body: 'hello', headers })
  }
  test('keeps content, type and metadata', async () => {
    await source()
    const answer = await copy('to')
    expect([answer.status, element(answer, 'ETag')]).toEqual([200, ETAG])
    const stored = await target.current.send({ key: 'to' })
    expect([stored.text, stored.headers['content-type'], stored.headers['x-amz-meta-a']]).toEqual([
      'hello',
      'text/x',
      '1',
    ])
  })
  test('REPLACE takes the headers of the request', async () => {
    await source()
    await copy('to', { 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-b': '2' })
    const stored = await target.current.send({ method: 'HEAD', key: 'to' })
    expect([stored.headers['x-amz-meta-a'], stored.headers['x-amz-meta-b']]).toEqual([undefined, '2'])
  })
  test('an absent source is NoSuchKey', async () => {
    const headers = { 'x-amz-copy-source': `${target.current.bucket}/absent` }
    const answer = await target.current.send({ method: 'PUT', key: 'to', headers })
    expect([answer.status, answer.code]).toEqual([404, 'NoSuchKey'])
  })
  test('the condition on the source holds or the copy fails', async () => {
    await source()
    expect((await copy('to', { 'x-amz-copy-source-if-match': OTHER })).status).toBe(412)
    expect((await copy('to', { 'x-amz-copy-source-if-match': ETAG })).status).toBe(200)
  })
  test('onto itself without a change is InvalidRequest', async () => {
    await source()
    const answer = await copy('from= a')
    expect([answer.status, answer.code]).toEqual([400, 'InvalidRequest'])
  })
})
