import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { CompleteMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { completeCommand } from '../src/s3/complete-body.ts'

const XML = '<CompleteMultipartUploadResult><ETag>&quot;e&quot;</ETag></CompleteMultipartUploadResult>'

/** What a store receives. */
async function received(
  command: CompleteMultipartUploadCommand,
): Promise<{ body: string; length: string; type: string }> {
  let body = ''
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => response.end(XML))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const client = new S3Client({ endpoint: `http://127.0.0.1:${port}`, region: 'r', forcePathStyle: true, credentials })
  const [[request]] = (await Promise.all([once(server, 'request'), client.send(command)])) as unknown as [
    [{ headers: Record<string, string> }],
  ]
  client.destroy()
  server.close()
  return { body, length: request.headers['content-length'] ?? '', type: request.headers['content-type'] ?? '' }
}

const address = { Bucket: 'b', Key: 'k', UploadId: 'u' }

test('a store gets what the SDK itself would send', async () => {
  const parts = [
    { partNumber: 1, etag: 'd41d8cd98f00b204e9800998ecf8427e', crc32: 'AAAAAA==' },
    { partNumber: 2, etag: 'odd<&">', crc32: undefined },
  ]
  const own = await received(completeCommand(address, parts))
  const Parts = parts.map(({ partNumber, etag, crc32 }) => ({
    ETag: `"${etag}"`,
    ChecksumCRC32: crc32,
    PartNumber: partNumber,
  }))
  const theirs = await received(new CompleteMultipartUploadCommand({ ...address, MultipartUpload: { Parts } }))
  expect(plain(own.body)).toBe(plain(theirs.body))
  expect(own.length).toBe(String(Buffer.byteLength(own.body)))
  expect(own.type).toBe(theirs.type)
})

/** Without the XML declaration, and with one spelling of each escaped letter. */
function plain(xml: string): string {
  const names: Readonly<Record<string, number>> = { quot: 34, amp: 38, lt: 60, gt: 62 }
  return xml.replace(/^<\?xml[^>]*>/, '').replaceAll(/&(quot|amp|lt|gt);/g, (_all, name: string) => `&#${names[name]};`)
}
