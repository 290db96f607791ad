import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3'
import { TransferError } from '../errors.ts'
import type { ListedObject, StoredObject } from '../sessions/port.ts'
import { s3Call, statusOf } from './call.ts'

/** One object, as the SDK names it. */
export interface ObjectAddress {
  readonly Bucket: string
  readonly Key: string
}

/** Requests on their way. */
const DELETES_AT_ONCE = 8

/** Null when there is none. @throws TransferError `NOT_FOUND` when the bucket is not there */
export async function headObject(
  client: S3Client,
  address: ObjectAddress,
  what: string,
  signal: AbortSignal | undefined,
): Promise<StoredObject | null> {
  try {
    const reply = await s3Call(what, signal, () =>
      client.send(new HeadObjectCommand({ ...address, ChecksumMode: 'ENABLED' }), abortable(signal)),
    )
    if (reply.ContentLength === undefined || reply.ETag === undefined) {
      const text = `Cannot ${what}: the store tells neither size nor ETag.`
      throw new TransferError('PROTOCOL', text, { retryable: true })
    }
    return {
      bytes: reply.ContentLength,
      etag: unquote(reply.ETag),
      metadata: reply.Metadata ?? {},
      contentEncoding: reply.ContentEncoding ?? null,
      crc32: reply.ChecksumCRC32 ?? null,
    }
  } catch (error) {
    const status = TransferError.is(error) ? statusOf(error.cause) : null
    if (status === null) throw error
    const reason = await refusalOf(client, address, what, signal)
    if (reason !== null) throw reason
    if (status === 404) return null
    throw error
  }
}

/**
 * A HEAD has no body to tell why it was refused, nor a missing key from a missing bucket; a GET of one byte has.
 * @returns null when it says nothing worse than that there is no such object
 */
async function refusalOf(
  client: S3Client,
  address: ObjectAddress,
  what: string,
  signal: AbortSignal | undefined,
): Promise<TransferError | null> {
  try {
    await s3Call(what, signal, async () => {
      const reply = await client.send(new GetObjectCommand({ ...address, Range: 'bytes=0-0' }), abortable(signal))
      await reply.Body?.transformToByteArray()
    })
    return null
  } catch (error) {
    if (!TransferError.is(error) || error.code === 'ABORTED') throw error
    return error.code === 'NO_SUCH_KEY' || statusOf(error.cause) === 416 ? null : error
  }
}

/** All objects whose key starts with the prefix, page by page, in the store's order. @throws TransferError */
export async function* listObjects(
  client: S3Client,
  bucket: string,
  prefix: string,
  what: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly ListedObject[], void> {
  const tokens = new Set<string>()
  for (let token: string | undefined; ;) {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      // Keys of others may hold characters that XML cannot.
      EncodingType: 'url',
      ...(token === undefined ? {} : { ContinuationToken: token }),
    })
    const page = await s3Call(what, signal, () => client.send(command, abortable(signal)))
    // Always there in S3; a page of some other server would read as an empty listing.
    if (page.IsTruncated === undefined) throw broken(what, 'the answer is no listing')
    const found = page.Contents ?? []
    if (page.KeyCount !== undefined && page.KeyCount !== found.length) throw broken(what, 'entries are missing')
    yield found.map(({ Key, Size }) => {
      if (Key === undefined || Size === undefined) throw broken(what, 'an entry has no key or size')
      return { key: page.EncodingType === 'url' ? decode(Key, what) : Key, bytes: Size }
    })
    if (!page.IsTruncated) return
    token = page.NextContinuationToken
    if (token === undefined || tokens.has(token)) throw broken(what, 'a page says "more" without a new token')
    tokens.add(token)
  }
}

/** One request per object: old stores do not take several. What is not there counts as deleted. @throws TransferError */
export async function deleteObjects(
  client: S3Client,
  addresses: readonly ObjectAddress[],
  what: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const left = addresses.values()
  const work = async (): Promise<void> => {
    for (const address of left) {
      await s3Call(what, signal, () => client.send(new DeleteObjectCommand(address), abortable(signal)))
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: DELETES_AT_ONCE }, work))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

export const unquote = (etag: string): string => etag.replace(/^"|"$/g, '')

/** The SDK does not take `undefined`. */
export function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal }
}

function decode(key: string, what: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    throw broken(what, 'a key is not URL-encoded as announced')
  }
}

function broken(what: string, problem: string): TransferError {
  return new TransferError('PROTOCOL', `Cannot ${what}: ${problem}. Check the store.`, { retryable: true })
}
