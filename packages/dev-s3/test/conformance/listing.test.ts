import { ListObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, test } from 'vitest'
import { element, elements, useTarget } from './target.ts'

const target = useTarget()
const KEYS = ['a/1', 'a/2', 'a/b/3', 'b', 'c d+e&f', 'data/x=1/y', 'data/x=2/y', 'data/x=2/z', 'z', 'ä', '😀', 'ﬀ']

beforeAll(async () => {
  await Promise.all(KEYS.map((key) => target.current.send({ method: 'PUT', key, body: key })))
})
const list = (query: Record<string, string>): ReturnType<typeof target.current.send> =>
  target.current.send({ query: { 'list-type': '2', ...query } })

async function pages(query: Record<string, string>): Promise<{ keys: string[]; prefixes: string[]; sizes: number[] }> {
  const found = { keys: [] as string[], prefixes: [] as string[], sizes: [] as number[] }
  let token: string | null = null
  do {
    const answer = await list({ ...query, ...(token === null ? {} : { 'continuation-token': token }) })
    const [keys, prefixes] = [elements(answer, 'Key'), elements(answer, 'Prefix').slice(1)]
    found.keys.push(...keys)
    found.prefixes.push(...prefixes)
    found.sizes.push(keys.length + prefixes.length)
    expect(Number(element(answer, 'KeyCount'))).toBe(keys.length + prefixes.length)
    token = element(answer, 'IsTruncated') === 'true' ? element(answer, 'NextContinuationToken') : null
  } while (token !== null)
  return found
}

describe('ListObjectsV2', () => {
  test('all keys in UTF-8 byte order', async () => {
    const sorted = [...KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(elements(await list({}), 'Key')).toEqual(sorted)
  })
  test('prefix', async () => {
    expect(elements(await list({ prefix: 'data/x=2/' }), 'Key')).toEqual(['data/x=2/y', 'data/x=2/z'])
  })
  test('delimiter gives common prefixes', async () => {
    const { keys, prefixes } = await pages({ delimiter: '/' })
    expect(prefixes).toEqual(['a/', 'data/'])
    expect(keys).toEqual(['b', 'c d+e&f', 'z', 'ä', 'ﬀ', '😀'])
  })
  test('prefix and delimiter', async () => {
    expect((await pages({ delimiter: '/', prefix: 'data/' })).prefixes).toEqual(['data/x=1/', 'data/x=2/'])
  })
  test.each([1, 2, 5])('pages of %i with a delimiter miss and repeat nothing', async (size) => {
    const { keys, prefixes, sizes } = await pages({ delimiter: '/', 'max-keys': String(size) })
    expect(prefixes).toEqual(['a/', 'data/'])
    expect(keys.length).toBe(6)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(size)
  })
  test('pages of 3 without a delimiter', async () => {
    expect((await pages({ 'max-keys': '3' })).keys.length).toBe(KEYS.length)
  })
  test('start-after', async () => {
    expect(elements(await list({ 'start-after': 'data/x=2/y' }), 'Key').slice(0, 2)).toEqual(['data/x=2/z', 'z'])
  })
  test('max-keys 0 is empty and not truncated', async () => {
    const answer = await list({ 'max-keys': '0' })
    expect([element(answer, 'KeyCount'), element(answer, 'IsTruncated')]).toEqual(['0', 'false'])
  })
  test('a malformed max-keys is InvalidArgument', async () => {
    const answer = await list({ 'max-keys': 'many' })
    expect([answer.status, answer.code]).toEqual([400, 'InvalidArgument'])
  })
  test('encoding-type=url', async () => {
    const { sdk, bucket } = target.current
    const answer = await list({ 'encoding-type': 'url', prefix: 'c' })
    expect(element(answer, 'Key')).toBe('c%20d%2Be%26f')
    const page = await sdk.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'c' }))
    expect(page.Contents?.map(({ Key }) => Key)).toEqual(['c d+e&f'])
  })
  test('each entry has size, quoted ETag and time', async () => {
    const { sdk, bucket } = target.current
    const page = await sdk.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'z' }))
    expect(page.Contents?.[0]).toMatchObject({
      Size: 1,
      ETag: '"fbade9e36a3f36d3d676c1b808451dd7"',
      StorageClass: 'STANDARD',
    })
    expect(Math.abs(Date.now() - (page.Contents?.[0]?.LastModified?.getTime() ?? 0))).toBeLessThan(600_000)
  })
  test('an absent bucket is NoSuchBucket', async () => {
    const answer = await target.current.send({ bucket: 'no-such-bucket-here', query: { 'list-type': '2' } })
    expect([answer.status, answer.code]).toEqual([404, 'NoSuchBucket'])
  })
})

describe('ListObjects', () => {
  test('pages by marker', async () => {
    const { sdk, bucket } = target.current
    const first = await sdk.send(new ListObjectsCommand({ Bucket: bucket, MaxKeys: 4 }))
    expect([first.IsTruncated, first.Contents?.length]).toEqual([true, 4])
    const Marker = first.Contents?.at(-1)?.Key
    const rest = await sdk.send(new ListObjectsCommand({ Bucket: bucket, ...(Marker === undefined ? {} : { Marker }) }))
    expect([rest.IsTruncated, rest.Contents?.length]).toEqual([false, KEYS.length - 4])
  })
  test('NextMarker with a delimiter', async () => {
    const { sdk, bucket } = target.current
    const page = await sdk.send(new ListObjectsCommand({ Bucket: bucket, MaxKeys: 1, Delimiter: '/' }))
    expect([page.CommonPrefixes?.[0]?.Prefix, page.NextMarker]).toEqual(['a/', 'a/'])
  })
})

describe('DeleteObjects', () => {
  const remove = (names: readonly string[], quiet: boolean): ReturnType<typeof target.current.send> => {
    const objects = names.map((name) => `<Object><Key>${name}</Key></Object>`).join('')
    const body = `<Delete><Quiet>${quiet}</Quiet>${objects}</Delete>`
    return target.current.send({ method: 'POST', query: { delete: '' }, body })
  }
  test('absent keys count as deleted', async () => {
    await target.current.send({ method: 'PUT', key: 'del/a&b', body: 'x' })
    const answer = await remove(['del/a&amp;b', 'del/absent'], false)
    expect(elements(answer, 'Key').sort()).toEqual(['del/a&b', 'del/absent'])
    expect(elements(await list({ prefix: 'del/' }), 'Key')).toEqual([])
  })
  test('quiet names nothing', async () => {
    expect(elements(await remove(['del/none'], true), 'Key')).toEqual([])
  })
  test('a broken document is MalformedXML', async () => {
    const answer = await target.current.send({ method: 'POST', query: { delete: '' }, body: '<Delete><Object>' })
    expect([answer.status, answer.code]).toEqual([400, target.current.isDevnet ? 'MalformedXML' : ''])
  })
})
