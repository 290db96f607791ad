import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { createBucketBackend } from '../src/bucket/backend.ts'
import { createDirectAccess } from '../src/bucket/direct-access.ts'
import type { StorageBackend } from '../src/port/storage-backend.ts'
import { codeOf, listAll, objectOf, putAll, readKey, sha256Of } from '../src/port/contract-calls.ts'
import { refuse, type Scripted, startScripted } from './scripted-server.ts'
import { type DirectOptions, directBackend } from './bucket.ts'

let server: Scripted | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function against(
  answer: Parameters<typeof startScripted>[0],
  options: Partial<DirectOptions> = {},
): Promise<StorageBackend> {
  server = await startScripted(answer)
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'topsecret' }
  return directBackend({ bucket: 'b', endpoint: server.url, credentials, stallMs: 30_000, attempts: 1, ...options })
}

function crc32Of(data: Uint8Array): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(data))
  return bytes.toString('base64')
}

const md5 = (data: Uint8Array): string => createHash('md5').update(data).digest('hex')

/** An old store: keeps what comes, tells size, MD5 and metadata, knows no checksums. `spoil` changes what is kept. */
function oldStore(spoil: (data: Buffer) => Buffer = (data) => data, etag: (data: Buffer) => string = md5) {
  const kept = new Map<string, { data: Buffer; noted: string }>()
  const answer: Parameters<typeof startScripted>[0] = async (request, response, body) => {
    const path = request.url?.split('?')[0] ?? ''
    if (request.method === 'PUT') {
      const noted = request.headers['x-amz-meta-sha256'] as string
      const data = spoil(await body())
      kept.set(path, { data, noted })
      response.setHeader('etag', `"${etag(data)}"`)
      response.end()
      return
    }
    const found = kept.get(path)
    if (found === undefined) return refuse(response, 404, 'NoSuchKey')
    const { data, noted } = found
    response.writeHead(200, { 'content-length': data.length, etag: `"${etag(data)}"`, 'x-amz-meta-sha256': noted })
    response.end(request.method === 'HEAD' ? undefined : data)
  }
  return answer
}

describe('s3 refusals become codes', () => {
  test.each([
    [503, 'SlowDown', 'THROTTLED', true],
    [429, 'TooManyRequests', 'THROTTLED', true],
    [503, 'ServiceUnavailable', 'THROTTLED', true],
    [500, 'InternalError', 'UNAVAILABLE', true],
    [403, 'RequestTimeTooSkewed', 'CLOCK_SKEW', true],
    [403, 'RequestExpired', 'CLOCK_SKEW', true],
    [403, 'SignatureDoesNotMatch', 'UNAUTHORIZED', false],
    [403, 'InvalidAccessKeyId', 'UNAUTHORIZED', false],
    [403, 'AccessDenied', 'FORBIDDEN', false],
    [404, 'NoSuchBucket', 'NOT_FOUND', false],
    [400, 'XAmzContentSHA256Mismatch', 'CORRUPT', true],
    [507, 'QuotaExceeded', 'NO_SPACE', true],
    [301, 'PermanentRedirect', 'PROTOCOL', false],
  ])('%i %s is %s', async (status, code, expected, retryable) => {
    const backend = await against((request, response) => {
      request.resume()
      refuse(response, status, code)
    })
    const [result] = await putAll(backend, [objectOf('k', 'content')])
    expect(result).toMatchObject({ ok: false, error: { code: expected, retryable } })
    expect(JSON.stringify(result)).not.toContain('topsecret')
    expect(await codeOf(backend.open('k'))).toBe(expected)
    expect(await codeOf(backend.stat('k'))).toBe(expected)
    expect(await codeOf(listAll(backend, ''))).toBe(expected)
    expect(await codeOf(backend.delete(['k']))).toBe(expected)
  })

  test('Retry-After reaches the caller', async () => {
    const backend = await against((request, response) => {
      request.resume()
      refuse(response, 503, 'SlowDown', { 'retry-after': '1' })
    })
    expect(await putAll(backend, [objectOf('k', 'x')])).toMatchObject([
      { error: { code: 'THROTTLED', retryAfterMs: 1000 } },
    ])
  })

  test('nobody listens: UNAVAILABLE', async () => {
    const backend = await against(() => undefined)
    await server?.close()
    expect(await putAll(backend, [objectOf('k', 'x')])).toMatchObject([
      { error: { code: 'UNAVAILABLE', retryable: true } },
    ])
    expect(await codeOf(backend.stat('k'))).toBe('UNAVAILABLE')
  })

  test('an answer that is no S3 at all', async () => {
    const backend = await against((_, response) => void response.end('<html>hotel wifi</html>'))
    expect(await codeOf(listAll(backend, ''))).toBe('PROTOCOL')
    expect(await codeOf(backend.open('k', { start: 0, end: 1 }))).toBe('PROTOCOL')
  })
})

describe('s3 cuts what hangs', () => {
  test('a store that never answers', async () => {
    const backend = await against(() => undefined, { callMs: 400, stallMs: 400 })
    expect(await putAll(backend, [objectOf('k', 'x')])).toMatchObject([{ error: { code: 'UNAVAILABLE' } }])
    expect(await codeOf(backend.open('k'))).toBe('UNAVAILABLE')
  })

  test('a put whose body is not taken', async () => {
    const backend = await against(
      (request, response) => {
        if (request.method !== 'PUT') refuse(response, 404, 'NoSuchKey')
      },
      { stallMs: 400 },
    )
    const large = objectOf('k', new Uint8Array(12_000_000))
    expect(await putAll(backend, [large])).toMatchObject([{ error: { code: 'UNAVAILABLE', retryable: true } }])
  })

  test('a connection reset in the middle of the body', async () => {
    const backend = await against((request, response) => {
      if (request.method !== 'PUT') return refuse(response, 404, 'NoSuchKey')
      request.once('data', () => request.socket.resetAndDestroy())
    })
    const large = objectOf('k', new Uint8Array(12_000_000))
    expect(await putAll(backend, [large])).toMatchObject([{ error: { code: 'UNAVAILABLE', retryable: true } }])
  })

  test('a read that stops half-way, by silence or by a closed connection', async () => {
    for (const end of ['silence', 'close']) {
      const backend = await against(
        (_, response) => {
          response.writeHead(200, { 'content-length': 1000 })
          response.write(Buffer.alloc(500))
          if (end === 'close') setTimeout(() => response.destroy(), 20)
        },
        { stallMs: 400 },
      )
      expect(await codeOf(readKey(backend, 'k'))).toBe('UNAVAILABLE')
      await server?.close()
    }
  })

  test('the caller stops a running put', async () => {
    const controller = new AbortController()
    const backend = await against((request, response) => {
      if (request.method !== 'PUT') return refuse(response, 404, 'NoSuchKey')
      controller.abort()
    })
    expect(await putAll(backend, [objectOf('k', 'x'), objectOf('l', 'x')], controller.signal)).toMatchObject([
      { error: { code: 'ABORTED' } },
      { error: { code: 'ABORTED' } },
    ])
  })
})

test('a clock an hour off is corrected from the first refusal', async () => {
  const store = oldStore()
  const backend = await against(async (request, response, body) => {
    const query = new URL(request.url ?? '', 'http://store').searchParams
    const signed = String(request.headers['x-amz-date'] ?? query.get('X-Amz-Date')).replace(
      /^(....)(..)(..)T(..)(..)(..)Z$/,
      '$1-$2-$3T$4:$5:$6Z',
    )
    const now = Date.now() + 3_600_000
    response.setHeader('date', new Date(now).toUTCString())
    if (Math.abs(Date.parse(signed) - now) < 900_000) return await store(request, response, body)
    request.resume()
    refuse(response, 403, 'RequestTimeTooSkewed')
  })
  expect(await putAll(backend, [objectOf('k', 'x')])).toMatchObject([{ ok: true }])
  expect((await readKey(backend, 'k'))?.toString()).toBe('x')
  // Without a question before: the refused URL leads to one.
  const fresh = createDirectAccess({
    bucket: 'b',
    endpoint: server?.url,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  expect((await readKey(createBucketBackend(fresh), 'k'))?.toString()).toBe('x')
})

describe('s3 believes nothing', () => {
  const object = objectOf('k', 'twelve bytes')

  test('200 that stored nothing, with or without an <Error> in it, or with the ETag of something else', async () => {
    const answers = [
      ['', '', 'PROTOCOL'],
      ['<Error><Code>InternalError</Code></Error>', '', 'UNAVAILABLE'],
      ['', '"opaque"', 'CORRUPT'],
      ['', `"${md5(Buffer.from('other'))}"`, 'CORRUPT'],
    ] as const
    for (const [text, etag, code] of answers) {
      const backend = await against(async (request, response, body) => {
        if (request.method !== 'PUT') return refuse(response, 404, 'NoSuchKey')
        await body()
        response.setHeader('etag', etag)
        response.end(text)
      })
      expect(await putAll(backend, [object])).toMatchObject([{ error: { code, retryable: true } }])
      await server?.close()
    }
  })

  test('a store without checksums: verified by MD5, without reading back', async () => {
    const backend = await against(oldStore())
    expect(await putAll(backend, [object])).toMatchObject([{ ok: true, sha256: object.sha256 }])
    expect(server?.seen.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'GET', 'PUT'])
    expect(await putAll(backend, [object])).toMatchObject([{ ok: true }])
    expect(server?.seen.length).toBe(4)
    expect(await backend.stat('k')).toEqual({ key: 'k', bytes: 12, sha256: object.sha256 })
  })

  test('a store whose ETag is no MD5: read back', async () => {
    const backend = await against(oldStore(undefined, () => 'opaque-7'))
    expect(await putAll(backend, [object])).toMatchObject([{ ok: true }])
    expect(server?.seen.at(-1)).toMatch(/^GET /)
  })

  test('a store that keeps other bytes or another size: CORRUPT', async () => {
    for (const spoil of [() => Buffer.from('twelve bytez'), () => Buffer.from('twelve')]) {
      const backend = await against(oldStore(spoil))
      expect(await putAll(backend, [object])).toMatchObject([{ error: { code: 'CORRUPT', retryable: true } }])
      await server?.close()
    }
  })

  test('the request carries the CRC-32 as signed checksum, and the SHA-256 as metadata', async () => {
    const headers: Record<string, unknown>[] = []
    const store = oldStore()
    const backend = await against((request, response, body) => {
      if (request.method === 'PUT') headers.push(request.headers)
      return store(request, response, body)
    })
    await putAll(backend, [object])
    expect(headers).toMatchObject([
      {
        'content-length': '12',
        'x-amz-checksum-crc32': crc32Of(Buffer.from('twelve bytes')),
        'x-amz-meta-sha256': object.sha256,
      },
    ])
    expect(headers[0]?.['x-amz-trailer']).toBeUndefined()
  })

  test('a file that changed under the same size never becomes an object', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-s3-'))
    const path = join(folder, 'source')
    await writeFile(path, Buffer.alloc(1_000_000, 1))
    const wrong = { key: 'k', bytes: 1_000_000, sha256: sha256Of(Buffer.alloc(1_000_000, 2)), source: { path } }
    let complete = 0
    const store = oldStore()
    const backend = await against(async (request, response, body) => {
      await store(request, response, body)
      if (request.method === 'PUT') complete++
    })
    expect(await putAll(backend, [wrong])).toMatchObject([{ error: { code: 'SOURCE_CHANGED', retryable: false } }])
    expect(complete).toBe(0)
    await rm(folder, { recursive: true })
  })

  test('a listing that says "more" for ever', async () => {
    const page =
      '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>'
    const backend = await against((_, response) => void response.end(page))
    expect(await codeOf(listAll(backend, ''))).toBe('PROTOCOL')
  })
})
