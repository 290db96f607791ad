import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { TransferError } from '../errors.ts'
import type { OpenUpload, StoredPart } from '../sessions/port.ts'
import { s3Call, uploadCall } from './call.ts'

/** One multipart upload, as the SDK names it. */
export interface UploadAddress {
  readonly Bucket: string
  readonly Key: string
  readonly UploadId: string
}

const MOST_PAGES = 11 // 10,000 parts, 1000 per page, and the end

/** All pages. @throws TransferError `NO_SUCH_UPLOAD` */
export async function listParts(
  client: S3Client,
  upload: UploadAddress,
  what: string,
  signal: AbortSignal | undefined,
): Promise<StoredPart[]> {
  const found: StoredPart[] = []
  let marker: string | undefined
  for (let page = 0; ; page++) {
    const reply = await uploadCall(what, signal, () =>
      client.send(
        new ListPartsCommand({ ...upload, ...(marker === undefined ? {} : { PartNumberMarker: marker }) }),
        signal === undefined ? {} : { abortSignal: signal },
      ),
    )
    for (const part of reply.Parts ?? []) {
      if (part.PartNumber === undefined || part.ETag === undefined || part.Size === undefined) {
        throw repeated(what)
      }
      const { PartNumber: partNumber, ETag, Size: bytes, ChecksumCRC32: crc32 } = part
      found.push({ partNumber, etag: ETag.replace(/^"|"$/g, ''), bytes, crc32: crc32 ?? null })
    }
    if (reply.IsTruncated === undefined) throw repeated(what)
    if (!reply.IsTruncated) return found
    const next = reply.NextPartNumberMarker
    if (next === undefined || next === marker || page > MOST_PAGES) throw repeated(what)
    marker = next
  }
}

/** All pages of the open uploads whose key starts with the prefix. */
export async function listUploads(
  client: S3Client,
  bucket: string,
  prefix: string,
  what: string,
  signal: AbortSignal | undefined,
): Promise<OpenUpload[]> {
  const found: OpenUpload[] = []
  let keyMarker: string | undefined
  let idMarker: string | undefined
  for (;;) {
    const command = new ListMultipartUploadsCommand({
      Bucket: bucket,
      ...(prefix === '' ? {} : { Prefix: prefix }),
      ...(keyMarker === undefined ? {} : { KeyMarker: keyMarker }),
      ...(idMarker === undefined ? {} : { UploadIdMarker: idMarker }),
    })
    const reply = await s3Call(what, signal, () =>
      client.send(command, signal === undefined ? {} : { abortSignal: signal }),
    )
    for (const { UploadId: uploadId, Key: key, Initiated: initiated } of reply.Uploads ?? []) {
      if (uploadId === undefined || key === undefined || !key.startsWith(prefix)) throw repeated(what)
      found.push({ uploadId, key, initiatedAt: initiated?.getTime() ?? 0 })
    }
    if (reply.IsTruncated === undefined) throw repeated(what)
    if (!reply.IsTruncated) return found
    const { NextKeyMarker: nextKey, NextUploadIdMarker: nextId } = reply
    if (nextKey === undefined || (nextKey === keyMarker && nextId === idMarker)) throw repeated(what)
    keyMarker = nextKey
    idMarker = nextId
  }
}

/** Parts that were in flight may arrive after an abort, so it is repeated until the server knows none. */
export async function abortFully(
  client: S3Client,
  upload: UploadAddress,
  what: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for (let round = 0; round < 20; round++) {
      await uploadCall(what, signal, () =>
        client.send(new AbortMultipartUploadCommand(upload), signal === undefined ? {} : { abortSignal: signal }),
      )
      await listParts(client, upload, what, signal)
    }
  } catch (error) {
    if (TransferError.is(error) && error.code === 'NO_SUCH_UPLOAD') return
    throw error
  }
  const text = `Cannot ${what}: parts keep arriving. End other programs that send to it, then abort again.`
  throw new TransferError('CONFLICT', text, { retryable: true })
}

function repeated(what: string): TransferError {
  const text = `Cannot ${what}: the store's pages are incomplete or repeat themselves.`
  return new TransferError('PROTOCOL', text, { retryable: true })
}
