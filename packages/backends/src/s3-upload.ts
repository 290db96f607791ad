import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { PutObject } from './backend.ts'
import { readContent } from './content.ts'
import { BackendError } from './errors.ts'
import { guarded, signPayload } from './s3-client.ts'

export interface S3Target {
  readonly client: S3Client
  readonly bucket: string
  readonly stallMs: number
  /** Time for CompleteMultipartUpload, during which the store may assemble for minutes. */
  readonly completeMs: number
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

/**
 * Multipart upload in equal parts, read once, `partsInFlight` parts in memory. Parts carry their SHA-256; the upload
 * is aborted on any failure, so nothing billed and invisible stays behind.
 * @returns the checksum that S3 computes over the parts (`base64-N`)
 */
export async function putMultipart(
  target: S3Target,
  fullKey: string,
  object: PutObject,
  partBytes: number,
  partsInFlight: number,
  signal?: AbortSignal,
): Promise<string> {
  const address = { Bucket: target.bucket, Key: fullKey }
  const where = target.describe(fullKey)
  const call = <T>(what: string, ms: number, send: (cut: AbortSignal) => Promise<T>): Promise<T> =>
    guarded(`${what} ${where}`, ms, signal, send)

  const created = await call('start the multipart upload of', target.stallMs, (abortSignal) =>
    target.client.send(
      new CreateMultipartUploadCommand({
        ...address,
        ContentType: 'application/octet-stream',
        ChecksumAlgorithm: 'SHA256',
        Metadata: metadataOf(object),
      }),
      { abortSignal },
    ),
  )
  const UploadId = created.UploadId
  if (UploadId === undefined) throw new BackendError('PROTOCOL', `No upload id came for ${where}.`, { retryable: true })

  try {
    const parts: CompletedPart[] = []
    const digests: Uint8Array[] = []
    const running = new Set<Promise<void>>()
    const failures: unknown[] = []
    const send = async (PartNumber: number, body: Uint8Array): Promise<void> => {
      const digest = createHash('sha256').update(body).digest()
      digests[PartNumber - 1] = digest
      const input = {
        ...address,
        UploadId,
        PartNumber,
        Body: body,
        ContentLength: body.length,
        ChecksumSHA256: digest.toString('base64'),
      }
      const { ETag } = await call(`put part ${PartNumber} of`, target.stallMs, (abortSignal) =>
        target.client.send(new UploadPartCommand(input), { abortSignal }),
      )
      if (ETag === undefined)
        throw new BackendError('PROTOCOL', `Part ${PartNumber} of ${where} got no ETag.`, { retryable: true })
      parts[PartNumber - 1] = { PartNumber, ETag, ChecksumSHA256: digest.toString('base64') }
    }
    try {
      let number = 0
      for await (const part of partsOf(readContent(object, signal), partBytes)) {
        while (running.size >= partsInFlight && failures.length === 0) await Promise.race(running)
        if (failures.length > 0) break
        const sent: Promise<void> = send(++number, part)
          .catch((error: unknown) => void failures.push(error))
          .finally(() => running.delete(sent))
        running.add(sent)
      }
    } finally {
      await Promise.all(running)
    }
    if (failures.length > 0) throw failures[0]
    await call('complete the multipart upload of', target.completeMs, (abortSignal) =>
      target.client.send(
        new CompleteMultipartUploadCommand({ ...address, UploadId, MultipartUpload: { Parts: parts } }),
        {
          abortSignal,
        },
      ),
    )
    return `${createHash('sha256').update(Buffer.concat(digests)).digest('base64')}-${parts.length}`
  } catch (error) {
    // Not under the caller's signal: cleaning up matters most when the caller gives up.
    await guarded(`abort the upload of ${where}`, target.stallMs, undefined, (abortSignal) =>
      target.client.send(new AbortMultipartUploadCommand({ ...address, UploadId }), { abortSignal }),
    ).catch(() => undefined) // the first failure is the one to report
    throw error
  }
}

/** The checksum that S3 computes over parts of this size (`base64-N`), from the source. */
export async function compositeOf(object: PutObject, partBytes: number, signal?: AbortSignal): Promise<string> {
  const whole = createHash('sha256')
  let parts = 0
  for await (const part of partsOf(readContent(object, signal), partBytes)) {
    whole.update(createHash('sha256').update(part).digest())
    parts++
  }
  return `${whole.digest('base64')}-${parts}`
}

/** Equal parts so that a file of any size up to S3's limit needs at most 10,000, S3's highest part number. */
export function choosePartBytes(bytes: number, least: number): number {
  const mebibyte = 1024 * 1024
  return Math.max(least, Math.ceil(bytes / 10_000 / mebibyte) * mebibyte)
}

async function* partsOf(content: AsyncIterable<Uint8Array>, partBytes: number): AsyncGenerator<Uint8Array, void> {
  let part = Buffer.allocUnsafeSlow(partBytes)
  let filled = 0
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length;) {
      const taken = Math.min(chunk.length - at, partBytes - filled)
      part.set(chunk.subarray(at, at + taken), filled)
      at += taken
      filled += taken
      if (filled < partBytes) continue
      yield part
      part = Buffer.allocUnsafeSlow(partBytes)
      filled = 0
    }
  }
  if (filled > 0) yield part.subarray(0, filled)
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
