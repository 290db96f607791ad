import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Answer, element, elements, useTarget } from './target.ts'

const target = useTarget()
const MIB5 = 5 * 1024 * 1024
const BIG = Buffer.alloc(MIB5, 1)
const etagOf = (data: Uint8Array): string => `"${createHash('md5').update(data).digest('hex')}"`

async function start(key: string, headers: Record<string, string> = {}): Promise<string> {
  return element(await target.current.send({ method: 'POST', key, query: { uploads: '' }, headers }), 'UploadId')
}
function part(key: string, uploadId: string, number: number, body: string | Uint8Array): Promise<Answer> {
  const query = { uploadId, partNumber: String(number) }
  return target.current.send({ method: 'PUT', key, query, body, payload: 'UNSIGNED-PAYLOAD' })
}
function complete(
  key: string,
  uploadId: string,
  parts: readonly (readonly [number, string])[],
  headers: Record<string, string> = {},
): Promise<Answer> {
  const list = parts.map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`)
  const body = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`
  return target.current.send({ method: 'POST', key, query: { uploadId }, body, headers })
}
const outcome = (answer: Answer): [number, string] => [answer.status, answer.code]

describe('multipart', () => {
  test('two parts become one object with headers and an ETag of -2', async () => {
    const id = await start('two', { 'content-type': 'a/b', 'x-amz-meta-a': '1' })
    expect((await part('two', id, 1, BIG)).headers['etag']).toBe(etagOf(BIG))
    await part('two', id, 2, 'tail')
    expect((await target.current.send({ key: 'two' })).status).toBe(404)
    const parts = [
      [1, etagOf(BIG)],
      [2, etagOf(Buffer.from('tail'))],
    ] as const
    const done = await complete('two', id, parts)
    const binary = parts.map(([, etag]) => Buffer.from(etag.slice(1, -1), 'hex'))
    expect(element(done, 'ETag')).toBe(`"${createHash('md5').update(Buffer.concat(binary)).digest('hex')}-2"`)
    const stored = await target.current.send({ key: 'two', headers: { range: `bytes=${MIB5 - 1}-` } })
    expect([stored.text, stored.headers['content-type'], stored.headers['x-amz-meta-a']]).toEqual([
      '\u0001tail',
      'a/b',
      '1',
    ])
    const second = await target.current.send({ key: 'two', query: { partNumber: '2' } })
    expect([second.text, second.headers['x-amz-mp-parts-count']]).toEqual(['tail', '2'])
    expect(second.status).toBe(target.current.isDevnet ? 206 : 200)
    expect(outcome(await part('two', id, 3, 'late'))).toEqual([404, 'NoSuchUpload'])
  })
  test('a part sent again replaces the first', async () => {
    const id = await start('again')
    await part('again', id, 1, 'first')
    await part('again', id, 1, 'second')
    expect(outcome(await complete('again', id, [[1, etagOf(Buffer.from('first'))]]))).toEqual([400, 'InvalidPart'])
    expect((await complete('again', id, [[1, etagOf(Buffer.from('second'))]])).status).toBe(200)
    expect((await target.current.send({ key: 'again' })).text).toBe('second')
  })
  test('a missing part is InvalidPart', async () => {
    const id = await start('missing')
    await part('missing', id, 1, 'x')
    const parts = [
      [1, etagOf(Buffer.from('x'))],
      [2, etagOf(Buffer.from('y'))],
    ] as const
    expect((await complete('missing', id, parts)).code).toMatch(/^(InvalidPart|EntityTooSmall)$/)
    expect(outcome(await complete('missing', id, [[7, etagOf(Buffer.from('x'))]]))).toEqual([400, 'InvalidPart'])
  })
  test('a small part that is not the last is EntityTooSmall', async () => {
    const id = await start('small')
    await part('small', id, 1, 'x')
    await part('small', id, 2, 'y')
    const parts = [
      [1, etagOf(Buffer.from('x'))],
      [2, etagOf(Buffer.from('y'))],
    ] as const
    expect(outcome(await complete('small', id, parts))).toEqual([400, 'EntityTooSmall'])
  })
  test('parts may have gaps in their numbers', async () => {
    const id = await start('gaps')
    await part('gaps', id, 3, BIG)
    await part('gaps', id, 9, 'end')
    const parts = [
      [3, etagOf(BIG)],
      [9, etagOf(Buffer.from('end'))],
    ] as const
    expect((await complete('gaps', id, parts)).status).toBe(200)
  })
  test('a part that is not listed is InvalidPart, not dropped', async () => {
    const id = await start('unlisted')
    await part('unlisted', id, 1, 'x')
    await part('unlisted', id, 2, 'y')
    expect(outcome(await complete('unlisted', id, [[1, etagOf(Buffer.from('x'))]]))).toEqual([400, 'InvalidPart'])
  })
  test('completing again after success answers the same', async () => {
    const id = await start('twice')
    await part('twice', id, 1, 'x')
    const first = await complete('twice', id, [[1, etagOf(Buffer.from('x'))]])
    const again = await complete('twice', id, [[1, etagOf(Buffer.from('x'))]])
    expect([again.status, element(again, 'ETag')]).toEqual([200, element(first, 'ETag')])
    const other = await complete('twice', id, [[1, etagOf(Buffer.from('z'))]])
    expect(outcome(other)).toEqual(target.current.isDevnet ? [404, 'NoSuchUpload'] : [500, 'InternalError'])
  })
  test('an empty or broken list is MalformedXML', async () => {
    const id = await start('broken')
    expect(outcome(await complete('broken', id, []))).toEqual([400, 'MalformedXML'])
    const answer = await target.current.send({ method: 'POST', key: 'broken', query: { uploadId: id }, body: '<Comp' })
    expect(outcome(answer)).toEqual([400, 'MalformedXML'])
  })
  test('parts out of order', async () => {
    const id = await start('order')
    await part('order', id, 1, BIG)
    await part('order', id, 2, BIG)
    const answer = await complete('order', id, [
      [2, etagOf(BIG)],
      [1, etagOf(BIG)],
    ])
    expect(outcome(answer)).toEqual(target.current.isDevnet ? [400, 'InvalidPartOrder'] : [200, ''])
  })
  test.each(['0', '10001', 'x'])('part number %s', async (partNumber) => {
    const id = await start('number')
    const answer = await target.current.send({
      method: 'PUT',
      key: 'number',
      query: { uploadId: id, partNumber },
      body: 'x',
    })
    const lax = partNumber !== 'x' && !target.current.isDevnet
    expect(outcome(answer)).toEqual(lax ? [200, ''] : [400, 'InvalidArgument'])
  })
  test('abort forgets everything', async () => {
    const id = await start('aborted')
    await part('aborted', id, 1, 'x')
    const query = { uploadId: id }
    expect((await target.current.send({ method: 'DELETE', key: 'aborted', query })).status).toBe(204)
    const listed = await target.current.send({ key: 'aborted', query })
    expect(outcome(listed)).toEqual([404, target.current.isDevnet ? 'NoSuchUpload' : 'NoSuchKey'])
    expect(outcome(await target.current.send({ method: 'DELETE', key: 'aborted', query }))).toEqual([
      404,
      'NoSuchUpload',
    ])
    expect(outcome(await part('aborted', id, 1, 'x'))).toEqual([404, 'NoSuchUpload'])
  })
  test('an upload belongs to its key', async () => {
    const id = await start('mine')
    expect(outcome(await part('other', id, 1, 'x'))).toEqual([404, 'NoSuchUpload'])
  })
  test('If-None-Match on Complete', async () => {
    await target.current.send({ method: 'PUT', key: 'cond', body: 'there' })
    const id = await start('cond')
    await part('cond', id, 1, 'x')
    const parts = [[1, etagOf(Buffer.from('x'))]] as const
    expect(outcome(await complete('cond', id, parts, { 'if-none-match': '*' }))).toEqual([412, 'PreconditionFailed'])
    await target.current.send({ method: 'DELETE', key: 'cond' })
    expect((await complete('cond', id, parts, { 'if-none-match': '*' })).status).toBe(200)
  })
})

describe('ListParts and ListMultipartUploads', () => {
  test('parts come in order and in pages', async () => {
    const id = await start('paged')
    for (const number of [5, 1, 3]) await part('paged', id, number, `p${number}`)
    const list = (query: Record<string, string>): Promise<Answer> =>
      target.current.send({ key: 'paged', query: { uploadId: id, ...query } })
    expect(elements(await list({}), 'PartNumber')).toEqual(['1', '3', '5'])
    const first = await list({ 'max-parts': '2' })
    expect(elements(first, 'PartNumber')).toEqual(['1', '3'])
    expect([element(first, 'IsTruncated'), element(first, 'NextPartNumberMarker')]).toEqual(['true', '3'])
    const rest = await list({ 'max-parts': '2', 'part-number-marker': '3' })
    expect([...elements(rest, 'PartNumber'), element(rest, 'IsTruncated')]).toEqual(['5', 'false'])
    expect([element(rest, 'Size'), element(rest, 'ETag')]).toEqual(['2', etagOf(Buffer.from('p5'))])
  })
  test('uploads come by prefix and in pages', async () => {
    for (const key of ['lu/a', 'lu/b', 'lu/b', 'lu/c']) await start(key)
    const found: string[] = []
    let markers: Record<string, string> = {}
    for (let page = 0; page < 9; page++) {
      const answer = await target.current.send({
        query: { uploads: '', prefix: 'lu/', 'max-uploads': '1', ...markers },
      })
      found.push(...elements(answer, 'Key'))
      if (element(answer, 'IsTruncated') !== 'true') break
      markers = {
        'key-marker': element(answer, 'NextKeyMarker'),
        'upload-id-marker': element(answer, 'NextUploadIdMarker'),
      }
    }
    expect(found).toEqual(['lu/a', 'lu/b', 'lu/b', 'lu/c'])
  })
})

test('UploadPartCopy takes a range of the source', async () => {
  await target.current.send({ method: 'PUT', key: 'source', body: '0123456789' })
  const id = await start('copied')
  const answer = await target.current.send({
    method: 'PUT',
    key: 'copied',
    query: { uploadId: id, partNumber: '1' },
    headers: { 'x-amz-copy-source': `${target.current.bucket}/source`, 'x-amz-copy-source-range': 'bytes=2-4' },
  })
  expect(element(answer, 'ETag')).toBe(etagOf(Buffer.from('234')))
  await complete('copied', id, [[1, etagOf(Buffer.from('234'))]])
  expect((await target.current.send({ key: 'copied' })).text).toBe('234')
})
