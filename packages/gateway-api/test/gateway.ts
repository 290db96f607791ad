import { type Hotkey, hotkeyFromSeed } from '@sluice/hotkey'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SigningError, verifyRfc9421 } from '@sluice/signing'
import { type ChecksumMode, type ObjectHead, TransferError, type UploadSessions } from '@sluice/transfer'

/** What the tests of the wire schema may look at and change. */
export interface TestGateway {
  readonly url: string
  /** `METHOD path` of every request, in order. */
  readonly requests: string[]
  /** Given each request; a reply of its own is sent instead of the right one. */
  intercept: ((line: string) => { status: number; body: unknown; headers?: Record<string, string> } | null) | null
  close(): Promise<void>
}

/** The fields of all requests. */
interface Wire {
  readonly key: string
  readonly bytes: number
  readonly part_size: number
  readonly checksum: ChecksumMode
  readonly upload_id: string
  readonly content_type?: string
  readonly content_encoding?: string
  readonly metadata?: Record<string, string>
  readonly sha256?: string
  readonly checksum_crc32?: string
  readonly parts: readonly { part_number: number; bytes: number; etag: string; checksum_crc32?: string }[]
}
type Handler = (body: Wire, query: URLSearchParams, key: string) => Promise<unknown>

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

export const hotkey: Hotkey = hotkeyFromSeed(new Uint8Array(32).fill(7))

function refusalOf({ method = '', url = '', headers }: IncomingMessage, root: string, text: string): string | null {
  const received = { method, url: root + url, headers: headers as Record<string, string>, body: Buffer.from(text) }
  try {
    const { address } = verifyRfc9421(received, { now: Date.now() })
    return address === hotkey.address ? null : 'NOT_REGISTERED'
  } catch (error) {
    return SigningError.is(error) && error.code === 'EXPIRED' ? 'EXPIRED' : 'BAD_SIGNATURE'
  }
}

/** The gateway's upload routes, version 1, over direct sessions: written from the schema, not from the client. */
export async function startGateway(sessions: UploadSessions, pageSize = 3): Promise<TestGateway> {
  const iso = (time: number): string => new Date(time).toISOString()
  const signed = (request: { url: string; headers: Readonly<Record<string, string>>; expiresAt: number }): object => ({
    method: 'PUT',
    url: request.url,
    headers: request.headers,
    expires_at: iso(request.expiresAt),
  })
  const head = (body: Wire): ObjectHead => ({
    key: body.key,
    contentType: body.content_type,
    contentEncoding: body.content_encoding,
    metadata: body.metadata,
    sha256: body.sha256,
  })
  const missing = (): never => {
    throw new TransferError('NO_SUCH_KEY', 'none', { retryable: false })
  }
  const session = (body: Wire): { uploadId: string; key: string } => ({
    uploadId: body.upload_id,
    key: body.key,
  })
  const routes: Record<string, Handler> = {
    'POST /uploads/url': async (body) => ({
      key: body.key,
      ...signed(await sessions.single({ ...head(body), bytes: body.bytes, crc32: body.checksum_crc32 })),
    }),
    'POST /uploads/multipart/init': async (body) => {
      const { bytes, part_size: partSize, checksum } = body
      const opened = await sessions.open({ ...head(body), bytes, partSize, checksum })
      return {
        upload_id: opened.uploadId,
        key: opened.key,
        part_size: partSize,
        max_parts: 10_000,
        expires_at: iso(9e12),
      }
    },
    'POST /uploads/multipart/part-url': async (body) => {
      const wanted = body.parts.map((part) => ({
        partNumber: part.part_number,
        bytes: part.bytes,
        crc32: part.checksum_crc32,
      }))
      const parts = await sessions.sign(session(body), wanted)
      return { parts: parts.map((part) => ({ part_number: part.partNumber, ...signed(part) })) }
    },
    'GET /uploads/multipart/parts': async (_, query) => {
      const all = await sessions.parts({ uploadId: query.get('upload_id') ?? '', key: query.get('key') ?? '' })
      const rest = all.filter(({ partNumber }) => partNumber > Number(query.get('after')))
      const page = rest.slice(0, pageSize)
      const parts = page.map(({ partNumber, etag, bytes, crc32 }) => ({
        part_number: partNumber,
        etag,
        bytes,
        checksum_crc32: crc32,
      }))
      return { parts, next: rest.length > page.length ? (page.at(-1)?.partNumber ?? null) : null }
    },
    'POST /uploads/multipart/complete': async (body) => {
      const parts = body.parts.map((part) => ({
        partNumber: part.part_number,
        etag: part.etag,
        crc32: part.checksum_crc32,
      }))
      const done = await sessions.complete(session(body), parts, {
        crc32: body.checksum_crc32,
      })
      return { key: body.key, etag: done.etag, bytes: 0 }
    },
    'DELETE /uploads/multipart/abort': async (_, query) => {
      await sessions.abort({ uploadId: query.get('upload_id') ?? '', key: query.get('key') ?? '' })
      return null
    },
    'GET /uploads/multipart/list': async (_, query) => ({
      uploads: (await sessions.uploads(query.get('prefix') ?? '')).map(({ uploadId, key, initiatedAt }) => ({
        upload_id: uploadId,
        key,
        initiated_at: iso(initiatedAt),
      })),
    }),
    'GET /uploads/stat': async (_, __, key) => {
      const found = (await sessions.stat(key)) ?? missing()
      const { bytes, etag, metadata, crc32, contentEncoding } = found
      return { key, bytes, etag, metadata, checksum_crc32: crc32, content_encoding: contentEncoding }
    },
    'GET /uploads/download': async (_, __, key) => {
      const found = (await sessions.read(key)) ?? missing()
      return { key, ...signed(found), bytes: found.bytes, etag: found.etag, metadata: found.metadata }
    },
  }

  const gateway: TestGateway = { url: '', requests: [], intercept: null, close: async () => undefined }
  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown; headers?: object }> {
    const url = new URL(request.url ?? '/', 'http://gateway')
    const [, route = '', rest = ''] = /^(\/uploads\/(?:stat|download))\/(.+)$/.exec(url.pathname) ?? [
      null,
      url.pathname,
    ]
    const line = `${request.method} ${route}`
    gateway.requests.push(line)
    const text = await textOf(request)
    const other = gateway.intercept?.(line)
    if (other != null) return other
    const refused = refusalOf(request, gateway.url, text)
    if (refused !== null) return { status: 401, body: { error: { code: refused, message: 'no' } } }
    try {
      const body = await routes[line]?.(
        text === '' ? ({} as Wire) : (JSON.parse(text) as Wire),
        url.searchParams,
        decodeURIComponent(rest ?? ''),
      )
      return { status: body === null ? 204 : 200, body }
    } catch (error) {
      if (!TransferError.is(error)) throw error
      const status = error.code.startsWith('NO_SUCH') ? 404 : 503
      const code = error.code.startsWith('NO_SUCH') ? error.code : 'STORE_UNAVAILABLE'
      return { status, body: { error: { code, message: error.message, retry_after: 0 } } }
    }
  }
  const server = createServer((request, response) => {
    const reply = async (): Promise<void> => {
      const { status, body, headers } = await answer(request)
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(body === null ? '' : JSON.stringify(body))
    }
    void reply()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return Object.assign(gateway, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close })
}
