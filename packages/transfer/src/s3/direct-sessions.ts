import { CreateMultipartUploadCommand, type S3Client } from '@aws-sdk/client-s3'
import type { WayOutOptions } from '@sluice/http'
import { TransferError } from '../errors.ts'
import type { BucketSessions, ObjectHead, SingleRequest } from '../sessions/port.ts'
import { createPresigner, type PresignInput, type S3Credentials } from '@sluice/presign'
import { completeCommand } from './complete-body.ts'
import { createS3Client, s3Call, uploadCall } from './call.ts'
import { abortable, deleteObjects, headObject, listObjects, unquote } from './objects.ts'
import { abortFully, listParts, listUploads } from './uploads.ts'

export interface DirectSessionsOptions extends WayOutOptions {
  readonly bucket: string
  /** Put before every key; with `/` at its end when it is a folder. Default none. */
  readonly prefix?: string
  /** Default `us-east-1`. */
  readonly region?: string
  /** Default AWS; any other store gets path-style addresses. */
  readonly endpoint?: string
  readonly credentials: S3Credentials
  /** How long signed URLs live. Default 3600. */
  readonly expiresInSeconds?: number
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

export interface DirectSessions extends BucketSessions {
  /** Ends idle connections; they come again when something is asked. */
  close(): void
}

/** Sessions with credentials of one's own: signs by itself, and asks S3 directly. */
export function createDirectSessions(options: DirectSessionsOptions): DirectSessions {
  const { bucket, prefix = '', region = 'us-east-1', credentials, now = Date.now } = options
  const expiresInSeconds = options.expiresInSeconds ?? 3600
  const endpoint = options.endpoint?.replace(/\/+$/, '') ?? null
  const presigner = createPresigner({ bucket, region, endpoint })
  let made: S3Client | null = null
  const sign = (method: 'GET' | 'PUT', key: string, more: Pick<PresignInput, 'query' | 'headers'> = {}) => {
    const moment = now()
    // What the SDK learned from a refusal of its own requests.
    const offset = made?.config.systemClockOffset ?? 0
    const input = { method, key: prefix + key, expiresSeconds: expiresInSeconds, ...more }
    // Signatures count from a whole second.
    const expiresAt = Math.floor(moment / 1000) * 1000 + expiresInSeconds * 1000
    return { url: presigner.presign(input, credentials, moment + offset).url, expiresAt }
  }
  const client = (): S3Client => (made ??= createS3Client({ ...options, region, endpoint }))
  const at = (key: string): { Bucket: string; Key: string } => ({ Bucket: bucket, Key: prefix + key })
  const where = (key: string): string => `s3://${bucket}/${prefix}${key}`
  /** @throws TransferError `PROTOCOL` when the store listed what it was not asked for */
  const unprefixed = (key: string): string => {
    if (key.startsWith(prefix)) return key.slice(prefix.length)
    throw protocol(`The store lists what is not below ${where('')}. Check the store.`)
  }

  const sessions: DirectSessions = {
    destination: `${endpoint ?? 'aws'}/${bucket}/${prefix}`,

    single: (request) => {
      const headers = singleHeaders(request)
      const { url, expiresAt } = sign('PUT', request.key, { headers })
      return { method: 'PUT', headers, url, expiresAt }
    },

    open: async (request, { signal } = {}) => {
      const reply = await s3Call(`start the upload of ${where(request.key)}`, signal, () =>
        client().send(
          new CreateMultipartUploadCommand({
            ...at(request.key),
            ContentType: request.contentType ?? DEFAULT_TYPE,
            ...(request.contentEncoding === undefined ? {} : { ContentEncoding: request.contentEncoding }),
            Metadata: metadataOf(request),
            ...(request.checksum === 'crc32' ? { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } : {}),
          }),
          abortable(signal),
        ),
      )
      const { UploadId: uploadId } = reply
      if (uploadId === undefined) throw protocol(`No upload id came for ${where(request.key)}.`)
      return { uploadId, key: request.key, partSize: request.partSize, expiresAt: null }
    },

    sign: async ({ uploadId, key }, parts) =>
      parts.map(({ partNumber, bytes, crc32 }) => {
        const query = { partNumber: String(partNumber), uploadId }
        const headers: Headers = {
          'content-length': String(bytes),
          ...(crc32 === undefined ? {} : { 'x-amz-checksum-crc32': crc32 }),
        }
        return { partNumber, method: 'PUT', headers, ...sign('PUT', key, { query, headers }) }
      }),

    parts: async ({ uploadId, key }, { signal } = {}) =>
      await listParts(client(), { ...at(key), UploadId: uploadId }, `list the parts of ${where(key)}`, signal),

    complete: async ({ uploadId, key }, parts, { crc32, signal } = {}) => {
      const reply = await uploadCall(`complete ${where(key)}`, signal, () =>
        client().send(
          completeCommand(
            {
              ...at(key),
              UploadId: uploadId,
              ...(crc32 === undefined ? {} : { ChecksumCRC32: crc32, ChecksumType: 'FULL_OBJECT' }),
            },
            parts,
          ),
          abortable(signal),
        ),
      )
      if (reply.ETag === undefined) throw protocol(`No ETag came for ${where(key)}; it is looked up.`)
      return { etag: unquote(reply.ETag) }
    },

    abort: async ({ uploadId, key }, { signal } = {}) =>
      await abortFully(client(), { ...at(key), UploadId: uploadId }, `abort the upload of ${where(key)}`, signal),

    uploads: async (below = '', { signal } = {}) => {
      const found = await listUploads(client(), bucket, prefix + below, `list the uploads of s3://${bucket}`, signal)
      return found.map((upload) => ({ ...upload, key: unprefixed(upload.key) }))
    },

    stat: async (key, { signal } = {}) => await headObject(client(), at(key), `look up ${where(key)}`, signal),

    read: async (key, { signal } = {}) => {
      const found = await sessions.stat(key, { signal })
      if (found === null) return null
      const { bytes, etag, metadata } = found
      return { method: 'GET', headers: {}, ...sign('GET', key), bytes, etag, metadata }
    },

    signGet: (key) => ({ method: 'GET', headers: {}, ...sign('GET', key) }),

    list: async function* (below, { signal } = {}) {
      for await (const page of listObjects(client(), bucket, prefix + below, `list ${where(below)}`, signal)) {
        yield page.map(({ key, bytes }) => ({ key: unprefixed(key), bytes }))
      }
    },

    delete: async (keys, { signal } = {}) =>
      await deleteObjects(client(), keys.map(at), `delete objects below ${where('')}`, signal),

    close: () => {
      made?.destroy()
      made = null
    },
  }

  return sessions
}

type Headers = Record<string, string>

const DEFAULT_TYPE = 'application/octet-stream'

function metadataOf({ metadata, sha256 }: ObjectHead): Record<string, string> {
  return { ...metadata, ...(sha256 === undefined ? {} : { sha256 }) }
}

function singleHeaders({ bytes, contentType, contentEncoding, metadata, sha256, crc32 }: SingleRequest): Headers {
  const headers: Headers = { 'content-length': String(bytes), 'content-type': contentType ?? DEFAULT_TYPE }
  if (contentEncoding !== undefined) headers['content-encoding'] = contentEncoding
  if (metadata !== undefined) {
    for (const [name, value] of Object.entries(metadata)) headers[`x-amz-meta-${name}`] = value
  }
  if (sha256 !== undefined) headers['x-amz-meta-sha256'] = sha256
  if (crc32 !== undefined) {
    headers['x-amz-checksum-crc32'] = crc32
    // radosgw 20 verifies the checksum of a plain PUT only when the algorithm is named too.
    headers['x-amz-sdk-checksum-algorithm'] = 'CRC32'
  }
  return headers
}

function protocol(text: string): TransferError {
  return new TransferError('PROTOCOL', text, { retryable: true })
}
