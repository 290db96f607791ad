import type { StorageBackend } from '../src/port/storage-backend.ts'
import { afterEach, expect, test } from 'vitest'

import { codeOf, listAll } from '../src/port/contract-calls.ts'
import { type Scripted, startScripted } from './scripted-server.ts'
import { directBackend } from './bucket.ts'

let server: Scripted | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

/** A backend whose store answers every listing with what `page` says. */
async function listing(page: (token: string | null) => string): Promise<StorageBackend> {
  server = await startScripted((request, response) => {
    const token = new URL(request.url ?? '', 'http://x').searchParams.get('continuation-token')
    response.end(`<ListBucketResult>${page(token)}</ListBucketResult>`)
  })
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }
  return directBackend({ bucket: 'b', prefix: 'data/hotkey=a/', endpoint: server.url, credentials })
}
const entry = (key: string): string => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`

test('a store that does not filter by prefix is not believed: foreign keys never look like ours', async () => {
  const backend = await listing(() => `<IsTruncated>false</IsTruncated>${entry('data/hotkey=b/files/stolen')}`)
  expect(await codeOf(listAll(backend, 'files/'))).toBe('PROTOCOL')
})

test('continuation tokens that go round in a circle end in an error', async () => {
  const next = (token: string | null): string => (token === 'one' ? 'two' : 'one')
  const backend = await listing(
    (token) => `<IsTruncated>true</IsTruncated><NextContinuationToken>${next(token)}</NextContinuationToken>`,
  )
  expect(await codeOf(listAll(backend, ''))).toBe('PROTOCOL')
  expect(server?.seen).toHaveLength(3)
})

test('entries that come twice or out of order are not believed; the order is that of the bytes', async () => {
  const pages = (...keys: string[]): Promise<StorageBackend> =>
    listing(() => `<IsTruncated>false</IsTruncated>${keys.map((key) => entry(`data/hotkey=a/${key}`)).join('')}`)
  expect(await codeOf(listAll(await pages('b', 'a'), ''))).toBe('PROTOCOL')
  await server?.close()
  expect(await codeOf(listAll(await pages('a', 'a'), ''))).toBe('PROTOCOL')
  await server?.close()
  // In JavaScript the second comes first: it begins with half a surrogate pair.
  expect((await listAll(await pages('\u{ff5e}', '\u{1f600}'), '')).map(({ key }) => key)).toEqual([
    '\u{ff5e}',
    '\u{1f600}',
  ])
})

test('a page that counts other entries than it has is cut', async () => {
  const backend = await listing(
    () => `<IsTruncated>false</IsTruncated><KeyCount>2</KeyCount>${entry('data/hotkey=a/x')}`,
  )
  expect(await codeOf(listAll(backend, ''))).toBe('PROTOCOL')
})

test('a listing comes in full, page by page, with keys decoded', async () => {
  const page = (keys: string[], token?: string): string =>
    `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${token !== undefined}</IsTruncated>` +
    keys.map((key) => `<Contents><Key>${key}</Key><Size>7</Size></Contents>`).join('') +
    `${token === undefined ? '' : `<NextContinuationToken>${token}</NextContinuationToken>`}</ListBucketResult>`
  const pages = new Map([
    [null, page(['pre/hotkey%3D5/a+b'], 't/1')],
    ['t/1', page(['pre/hotkey%3D5/c', 'pre/hotkey%3D5/d'], 't/2')],
    ['t/2', page(['pre/hotz'])],
  ])
  server = await startScripted((request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams
    response.end(pages.get(query.get('continuation-token')))
  })
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }
  const backend = directBackend({ bucket: 'b', prefix: 'pre/', endpoint: server.url, credentials })
  const listed = await listAll(backend, 'hot')
  expect(listed.map((o) => o.key)).toEqual(['hotkey=5/a b', 'hotkey=5/c', 'hotkey=5/d', 'hotz'])
  expect(server?.seen[0]).toContain('prefix=pre%2Fhot')
})
