// A server that speaks enough of S3's multipart protocol for honest clients, reads every body, and keeps nothing of it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Upload {
  readonly key: string
  readonly metadata: Readonly<Record<string, string>>
  readonly parts: Map<number, { bytes: number; crc32: string | undefined }>
}
interface Stored {
  readonly bytes: number
  readonly metadata: Readonly<Record<string, string>>
  readonly crc32: string | undefined
  readonly etag: string
}

const ETAG = '"00000000000000000000000000000000"'
const uploads = new Map<string, Upload>()
const objects = new Map<string, Stored>()
let uploadCount = 0

const server = createServer((message, response) => {
  void handle(message, response).catch(() => message.destroy())
})
server.requestTimeout = 0
server.keepAliveTimeout = 75_000
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))

async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(message.url ?? '/', 'http://sink')
  const query = url.searchParams
  const key = decodeURIComponent(url.pathname).split('/').slice(2).join('/')
  const upload = uploads.get(query.get('uploadId') ?? '')
  const crc32 = text(message.headers['x-amz-checksum-crc32'])
  if (message.method === 'PUT') {
    let bytes = 0
    for await (const chunk of message as AsyncIterable<Buffer>) bytes += chunk.length
    const part = Number(query.get('partNumber') ?? 0)
    if (upload !== undefined) upload.parts.set(part, { bytes, crc32 })
    else objects.set(key, { bytes, metadata: metadataOf(message), crc32, etag: ETAG })
    if (crc32 !== undefined) response.setHeader('x-amz-checksum-crc32', crc32)
    response.setHeader('etag', ETAG)
    return void response.end()
  }
  message.resume()
  if (message.method === 'POST' && query.has('uploads')) {
    const id = `upload-${++uploadCount}`
    uploads.set(id, { key, metadata: metadataOf(message), parts: new Map() })
    return xml(
      response,
      `<InitiateMultipartUploadResult><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    )
  }
  if (message.method === 'POST' && upload !== undefined) {
    const bytes = [...upload.parts.values()].reduce((sum, part) => sum + part.bytes, 0)
    const etag = `"00000000000000000000000000000000-${upload.parts.size}"`
    objects.set(key, { bytes, metadata: upload.metadata, crc32, etag })
    uploads.delete(query.get('uploadId') ?? '')
    const checksum =
      crc32 === undefined ? '' : `<ChecksumCRC32>${crc32}</ChecksumCRC32><ChecksumType>FULL_OBJECT</ChecksumType>`
    return xml(
      response,
      `<CompleteMultipartUploadResult><ETag>${etag.replaceAll('"', '&quot;')}</ETag>${checksum}</CompleteMultipartUploadResult>`,
    )
  }
  if (message.method === 'HEAD') return head(response, objects.get(key))
  if (message.method === 'GET' && query.has('uploads')) {
    return xml(response, '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>')
  }
  response.statusCode = message.method === 'DELETE' ? 204 : 404
  response.end()
}

function head(response: ServerResponse, object: Stored | undefined): void {
  if (object === undefined) {
    response.statusCode = 404
    return void response.end()
  }
  for (const [name, value] of Object.entries(object.metadata)) response.setHeader(name, value)
  response.setHeader('content-length', object.bytes)
  response.setHeader('etag', object.etag)
  response.setHeader('last-modified', new Date(0).toUTCString())
  if (object.crc32 !== undefined) {
    response.setHeader('x-amz-checksum-crc32', object.crc32)
    response.setHeader('x-amz-checksum-type', 'FULL_OBJECT')
  }
  response.end()
}

function metadataOf(message: IncomingMessage): Record<string, string> {
  const pairs = Object.entries(message.headers).map(([name, value]) => [name, text(value) ?? ''] as const)
  return Object.fromEntries(pairs.filter(([name]) => name.startsWith('x-amz-meta-')))
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function xml(response: ServerResponse, body: string): void {
  response.setHeader('content-type', 'application/xml')
  response.end(`<?xml version="1.0" encoding="UTF-8"?>${body}`)
}
