import { afterEach, expect, test } from 'vitest'

import { createS3Backend } from '../src/s3.ts'
import { codeOf, listAll } from '../src/port/contract-calls.ts'
import { type Scripted, startScripted } from './scripted-server.ts'

let server: Scripted | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

/** A backend whose store answers every listing with what `page` says. */
async function listing(page: (token: string | null) => string): Promise<ReturnType<typeof createS3Backend>> {
  server = await startScripted((request, response) => {
    const token = new URL(request.url ?? '', 'http://x').searchParams.get('continuation-token')
    response.end(`<ListBucketResult>${page(token)}</ListBucketResult>`)
  })
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }
  return createS3Backend({ bucket: 'b', prefix: 'data/hotkey=a/', endpoint: server.url, credentials })
}
const entry = (key: string): string => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`

test('a store that does not filter by prefix is not believed: foreign keys never look like ours', async () => {
  const backend = await listing(() => `<IsTruncated>false</IsTruncated>${entry('data/hotkey=b/files/stolen')}`)
  expect(await codeOf(listAll(backend, 'files/'))).toBe('PROTOCOL')
})

test('continuation tokens that go round in a circle end in an error', async () => {
  const next = (token: string | null): string => (token === 'one' ? 'two' : 'one')
  const backend = await listing(
    (token) =>
      `<IsTruncated>true</IsTruncated><NextContinuationToken>${next(token)}</NextContinuationToken>${entry('data/hotkey=a/x')}`,
  )
  expect(await codeOf(listAll(backend, ''))).toBe('PROTOCOL')
  expect(server?.seen).toHaveLength(3)
})
