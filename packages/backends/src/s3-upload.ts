import { Readable } from 'node:stream'
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { PutObject } from './port/storage-backend.ts'
import { readContent } from './port/content.ts'
import { BackendError } from './port/errors.ts'
import { guarded, signPayload } from './s3-guarded.ts'

export interface S3Target {
  readonly client: S3Client
  readonly bucket: string
  readonly stallMs: number
  /** `s3://bucket/key`. */
  readonly describe: (key: string) => string
}

const metadataOf = (object: PutObject): Record<string, string> => ({ sha256: object.sha256 })

export const base64Of = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

/** One PutObject, streamed with known length; the store gets the SHA-256 as signature, checksum and metadata. */
export async function putSingle(
  target: S3Target,
  fullKey: string,
  object: PutObject,
  signal?: AbortSignal,
): Promise<void> {
  const what = `put ${target.describe(fullKey)}`
  await guarded(what, target.stallMs, signal, async (cut, moved) => {
    const body =
      object.bytes === 0
        ? await emptyBody(object, signal)
        : Readable.from(watched(object, cut, moved), { objectMode: false })
    const command = new PutObjectCommand({
      Bucket: target.bucket,
      Key: fullKey,
      Body: body,
      ContentLength: object.bytes,
      ContentType: 'application/octet-stream',
      ChecksumSHA256: base64Of(object.sha256),
      Metadata: metadataOf(object),
    })
    let readError: unknown
    // The SDK pipes the body and does not hear of its failure.
    const broken = new AbortController()
    if (body instanceof Readable) {
      body.once('error', (error) => {
        readError = error
        broken.abort()
      })
    }
    try {
      await target.client.send(signPayload(command, object.sha256), {
        abortSignal: AbortSignal.any([cut, broken.signal]),
      })
    } catch (error) {
      throw BackendError.is(readError) ? readError : error
    } finally {
      if (body instanceof Readable) body.destroy()
    }
  })
}

async function* watched(object: PutObject, cut: AbortSignal, moved: () => void): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of readContent(object)) {
    if (cut.aborted) return
    moved()
    yield chunk
  }
}

/** The SDK cannot send an empty stream with a length; the source is checked all the same. */
async function emptyBody(object: PutObject, signal?: AbortSignal): Promise<Uint8Array> {
  for await (const chunk of readContent(object, signal)) void chunk
  return new Uint8Array()
}
