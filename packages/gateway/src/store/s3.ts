import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { createAgents, type Proxies } from '@sluice/http'
import { type BucketPlace, createPresigner, type S3Credentials } from '@sluice/presign'
import { GatewayError } from '../errors.ts'
import { checkDeleted, folderPage, objectPage, partPage, uploadPage } from './pages.ts'
import { noSuchUpload, storeError } from './s3-errors.ts'
import type { ObjectStore } from './store.ts'

export interface S3StoreOptions extends BucketPlace {
  /** Default none. */
  readonly proxies?: Proxies | undefined
  /** Without them: the SDK's own search (environment, container, instance). */
  readonly credentials?: S3Credentials | undefined
  /** What a multipart upload's CRC-32 is: of the whole object, or of its parts' checksums. R2 knows the latter only. */
  readonly checksumType?: ChecksumType
  /** For one call of the gateway, milliseconds; default 20,000. */
  readonly timeoutMs?: number
  readonly now?: () => number
}

export type ChecksumType = 'full-object' | 'composite'

/** A bucket behind S3's protocol. */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const { bucket: Bucket, region, endpoint, timeoutMs = 20_000, now = Date.now } = options
  const isWhole = (options.checksumType ?? 'full-object') === 'full-object'
  const { http, https } = createAgents({ proxies: options.proxies, connections: 200 })
  const client = new S3Client({
    region,
    ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
    ...(options.credentials === undefined ? {} : { credentials: withoutUndefined(options.credentials) }),
    // The SDK would add a CRC trailer that older servers refuse.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    expectContinueHeader: false,
    requestHandler: { connectionTimeout: 5_000, httpAgent: http, httpsAgent: https },
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  })
  const presigner = createPresigner(options)
  const credentials = async (): Promise<S3Credentials> =>
    options.credentials ??
    (await client.config.credentials().catch((error: unknown) => Promise.reject(storeError(error))))

  const call = async <T>(send: (options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T> => {
    try {
      return await send({ abortSignal: AbortSignal.timeout(timeoutMs) })
    } catch (error) {
      throw storeError(error)
    }
  }

  /** For calls about one upload: radosgw says that the key is missing where AWS says that the upload is. */
  const callUpload: typeof call = async (send) => {
    try {
      return await call(send)
    } catch (error) {
      if (!GatewayError.is(error) || error.code !== 'NO_SUCH_KEY') throw error
      throw noSuchUpload(error.cause)
    }
  }

  return {
    presign: async (input) => presigner.presign(input, await credentials(), now()),
    presignForm: async (input) => presigner.presignForm(input, await credentials(), now()),

    create: async ({ key, contentType, contentEncoding, metadata, checksum }) => {
      const command = new CreateMultipartUploadCommand({
        Bucket,
        Key: key,
        Metadata: { ...metadata },
        ...(contentType === undefined ? {} : { ContentType: contentType }),
        ...(contentEncoding === undefined ? {} : { ContentEncoding: contentEncoding }),
        ...(checksum === 'crc32' ? { ChecksumAlgorithm: 'CRC32' as const } : {}),
        ...(checksum === 'crc32' && isWhole ? { ChecksumType: 'FULL_OBJECT' as const } : {}),
      })
      const { UploadId } = await call((options) => client.send(command, options))
      if (UploadId === undefined) throw storeError(new Error('no upload id'))
      return UploadId
    },

    parts: async (key, uploadId, after) => {
      const input = { Bucket, Key: key, UploadId: uploadId, PartNumberMarker: String(after), MaxParts: 1000 }
      const page = await callUpload((options) => client.send(new ListPartsCommand(input), options))
      return partPage(page, after)
    },

    complete: async (key, uploadId, parts, crc32, bytes) => {
      const command = new CompleteMultipartUploadCommand({
        Bucket,
        Key: key,
        UploadId: uploadId,
        MultipartUpload: {
          Parts: parts.map(({ partNumber, etag, crc32 }) => ({
            PartNumber: partNumber,
            ETag: etag,
            ...(crc32 === undefined ? {} : { ChecksumCRC32: crc32 }),
          })),
        },
        ...(crc32 === null || !isWhole ? {} : { ChecksumCRC32: crc32, ChecksumType: 'FULL_OBJECT' as const }),
        ...(bytes === null || crc32 === null || !isWhole ? {} : { MpuObjectSize: bytes }),
      })
      const { ETag } = await callUpload((options) => client.send(command, options))
      if (ETag === undefined) throw storeError(new Error('no etag'))
      return { etag: ETag }
    },

    abort: async (key, uploadId) => {
      try {
        const command = new AbortMultipartUploadCommand({ Bucket, Key: key, UploadId: uploadId })
        await callUpload((options) => client.send(command, options))
      } catch (error) {
        if (!GatewayError.is(error) || error.code !== 'NO_SUCH_UPLOAD') throw error
      }
    },

    head: async (key) => {
      try {
        const command = new HeadObjectCommand({ Bucket, Key: key, ChecksumMode: 'ENABLED' })
        const head = await call((options) => client.send(command, options))
        return {
          bytes: head.ContentLength ?? 0,
          etag: head.ETag ?? '',
          metadata: head.Metadata ?? {},
          contentEncoding: head.ContentEncoding ?? null,
          crc32: head.ChecksumType === 'COMPOSITE' ? null : wholeCrc(head.ChecksumCRC32),
        }
      } catch (error) {
        if (GatewayError.is(error) && error.code === 'NO_SUCH_KEY') return null
        throw error
      }
    },

    list: async (prefix, after) => {
      const input = { Bucket, Prefix: prefix, ...(after === '' ? {} : { StartAfter: after }) }
      const page = await call((options) => client.send(new ListObjectsV2Command(input), options))
      return objectPage(page, prefix, after)
    },

    folders: async (Prefix, pages) => {
      const found: string[] = []
      let token: string | undefined
      for (let page = 0; page < pages; page++) {
        const input = { Bucket, Prefix, Delimiter: '/', ContinuationToken: token }
        const answer = await call((options) => client.send(new ListObjectsV2Command(input), options))
        const { folders, next } = folderPage(answer, Prefix, token)
        found.push(...folders)
        token = next
        if (token === undefined) break
      }
      return found
    },

    delete: async (keys) => {
      const command = new DeleteObjectsCommand({
        Bucket,
        Delete: { Objects: keys.map((Key) => ({ Key })) },
      })
      checkDeleted(keys, await call((options) => client.send(command, options)))
    },

    uploads: async (prefix, after) => {
      const mark = after === null ? {} : { KeyMarker: after.key, UploadIdMarker: after.uploadId }
      const command = new ListMultipartUploadsCommand({ Bucket, Prefix: prefix, MaxUploads: 1000, ...mark })
      const page = await call((options) => client.send(command, options))
      return uploadPage(page, prefix, after)
    },

    close: () => client.destroy(),
  }
}

function withoutUndefined({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials): {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
} {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}

/** A composite checksum, which is no CRC of the object, ends in the number of parts. */
function wholeCrc(text: string | undefined): string | null {
  return text === undefined || text.includes('-') ? null : text
}
