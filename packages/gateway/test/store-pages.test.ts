import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createS3Store } from '../src/store/s3.ts'
import type { ObjectStore } from '../src/store/store.ts'

// What stands before a store answers 200 with something else, or with half of the answer.

let body = ''
const server = createServer((request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': body.startsWith('<!') ? 'text/html' : 'application/xml' }).end(body)
})
let store: ObjectStore
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  store = createS3Store({ bucket: 'subnet', region: 'us-east-1', endpoint, credentials })
})
afterAll(async () => {
  store.close()
  server.close()
  await once(server, 'close')
})

const calls: Readonly<Record<string, () => Promise<unknown>>> = {
  list: async () => await store.list('data/', ''),
  folders: async () => await store.folders('data/', 3),
  uploads: async () => await store.uploads('data/', null),
  parts: async () => await store.parts('data/x', 'id', 0),
  delete: async () => await store.delete(['data/x', 'data/y']),
}
const listing = (inside: string): string => `<ListBucketResult><Prefix>data/</Prefix>${inside}</ListBucketResult>`
const entry = (key: string): string => `<Contents><Key>${key}</Key><Size>1</Size><ETag>"e"</ETag></Contents>`

const strangers: readonly (readonly [string, string])[] = [
  ['a page of HTML', '<!doctype html><html><body><h1>It works</h1></body></html>'],
  ['nothing', ''],
  ['an empty element', '<ListBucketResult/>'],
  ['another answer', '<Owner><ID>x</ID></Owner>'],
]
test.each(Object.keys(calls).flatMap((call) => strangers.map(([name, text]) => [call, name, text] as const)))(
  '%s: %s is an error, not an empty list',
  async (call, _, text) => {
    body = text
    await expect(calls[call]!()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  },
)

test.each([
  ['list', 'more follows, but there is none', listing('<IsTruncated>true</IsTruncated>')],
  ['list', 'it does not say whether more follows', listing(entry('data/a'))],
  [
    'list',
    'fewer are there than announced',
    listing(`<IsTruncated>false</IsTruncated><KeyCount>2</KeyCount>${entry('data/a')}`),
  ],
  ['list', 'of another prefix', listing(`<IsTruncated>false</IsTruncated>${entry('other/a')}`)],
  ['list', 'without size', listing('<IsTruncated>false</IsTruncated><Contents><Key>data/a</Key></Contents>')],
  ['folders', 'more follows without a token', listing('<IsTruncated>true</IsTruncated>')],
  [
    'folders',
    'the same page for ever',
    listing('<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>'),
  ],
  [
    'uploads',
    'without an id',
    '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>data/a</Key></Upload></ListMultipartUploadsResult>',
  ],
  [
    'parts',
    'a part without ETag',
    '<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><Size>5</Size></Part></ListPartsResult>',
  ],
  ['parts', 'more follows, but there is none', '<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>'],
  ['delete', 'one of two is named', '<DeleteResult><Deleted><Key>data/x</Key></Deleted></DeleteResult>'],
])('%s: %s', async (call, _, text) => {
  body = text
  await expect(calls[call]!()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
})

test('whole pages are believed', async () => {
  body = listing(`<IsTruncated>true</IsTruncated><KeyCount>2</KeyCount>${entry('data/a')}${entry('data/b')}`)
  expect(await store.list('data/', '')).toMatchObject({ objects: [{ key: 'data/a' }, { bytes: 1 }], next: 'data/b' })
  body = listing('<IsTruncated>false</IsTruncated><KeyCount>0</KeyCount>')
  expect(await store.list('data/', '')).toEqual({ objects: [], next: null })
  body = '<DeleteResult><Deleted><Key>data/x</Key></Deleted><Deleted><Key>data/y</Key></Deleted></DeleteResult>'
  await store.delete(['data/x', 'data/y'])
})
