import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import type { ReceivedFile } from '../http/body.ts'
import type { Bucket } from '../store/bucket.ts'
import type { Call } from '../http/call.ts'
import { type Algorithm, checksumElement, createDigest, parseAlgorithm } from './checksum.ts'
import { checkCopySource, writeCheck } from './conditions.ts'
import { S3Error } from '../http/error.ts'
import { readPartNumber } from '../upload/multipart.ts'
import { commitOrDiscard, findObject, keptHeaders } from './objects.ts'
import { sliceFiles } from './range.ts'
import type { ObjectRecord } from '../store/record.ts'
import { readSlices, type Reply, xmlReply } from '../http/reply.ts'

/** CopyObject: content is copied, so that source and copy live and die apart. */
export async function copyObject(call: Call, bucket: Bucket, key: string): Promise<Reply> {
  const { headers } = call.request
  const { from, source } = findSource(call)
  const directive = headers['x-amz-metadata-directive']?.toUpperCase() ?? 'COPY'
  if (directive !== 'COPY' && directive !== 'REPLACE')
    throw new S3Error('InvalidArgument', 'Unknown metadata directive.')
  if (from === bucket && source.key === key && directive === 'COPY') {
    throw new S3Error('InvalidRequest', 'Copying an object onto itself needs x-amz-metadata-directive: REPLACE.')
  }
  const wanted = headers['x-amz-checksum-algorithm']
  const algorithm = wanted === undefined ? (source.checksum?.algorithm ?? null) : parseAlgorithm(wanted)
  const copied = await copyBytes(from, source, { start: 0, end: source.bytes }, bucket.incoming, algorithm)
  const record: ObjectRecord = {
    key,
    // The ETag of a multipart object stays, as at radosgw, although the copy is one piece.
    etag: source.etag,
    bytes: copied.bytes,
    modified: call.now(),
    headers: directive === 'COPY' ? source.headers : keptHeaders(headers),
    checksum: copied.checksum === null ? null : { ...copied.checksum, type: 'FULL_OBJECT' },
    multipart: false,
    files: [{ name: await bucket.keep(copied), bytes: copied.bytes, checksum: null }],
  }
  await commitOrDiscard(bucket, record, writeCheck(headers))
  return xmlReply('CopyObjectResult', result(record.etag, record.modified, record.checksum))
}

/** UploadPartCopy, with or without `x-amz-copy-source-range`. */
export async function copyPart(call: Call, bucket: Bucket, key: string): Promise<Reply> {
  const { headers, query } = call.request
  const number = readPartNumber(query.get('partNumber'))
  const id = query.get('uploadId') ?? ''
  const upload = bucket.uploads.get(id, key)
  const { from, source } = findSource(call)
  const range = readSourceRange(headers['x-amz-copy-source-range'], source.bytes)
  const copied = await copyBytes(from, source, range, bucket.incoming, upload.record.checksum?.algorithm ?? null)
  const part = await bucket.uploads.addPart(id, key, number, copied, call.now())
  return xmlReply('CopyPartResult', result(part.etag, part.modified, part.checksum))
}

function findSource(call: Call): { from: Bucket; source: ObjectRecord } {
  const { headers } = call.request
  const match = /^\/?([^/]+)\/(.+)$/s.exec(decodeSource(headers['x-amz-copy-source'] ?? ''))
  if (match === null) throw new S3Error('InvalidArgument', 'x-amz-copy-source must be BUCKET/KEY.')
  const from = call.store.bucket(match[1] ?? '')
  const source = findObject(from, match[2] ?? '')
  checkCopySource(headers, source)
  return { from, source }
}

function decodeSource(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error('InvalidArgument', 'x-amz-copy-source is not valid percent encoding.')
  }
}

function readSourceRange(header: string | undefined, bytes: number): { start: number; end: number } {
  if (header === undefined) return { start: 0, end: bytes }
  const match = /^bytes=(\d+)-(\d+)$/.exec(header)
  const [start, end] = [Number(match?.[1]), Number(match?.[2]) + 1]
  if (match === null || start >= end) throw new S3Error('InvalidArgument', 'The copy range must be bytes=FIRST-LAST.')
  if (end > bytes) throw new S3Error('InvalidRange', 'The copy range is outside the source.')
  return { start, end }
}

async function copyBytes(
  from: Bucket,
  source: ObjectRecord,
  range: { readonly start: number; readonly end: number },
  directory: string,
  algorithm: Algorithm | null,
): Promise<ReceivedFile> {
  const files = source.files.map(({ name, bytes }) => ({ path: from.dataPath(name), bytes }))
  const path = join(directory, randomUUID())
  const md5 = createHash('md5')
  const digest = algorithm === null ? null : createDigest(algorithm)
  const file = await open(path, 'wx')
  try {
    for await (const piece of readSlices(sliceFiles(files, range.start, range.end))) {
      md5.update(piece)
      digest?.update(piece)
      await file.writeFile(piece)
    }
  } catch (cause) {
    await rm(path, { force: true })
    throw cause
  } finally {
    await file.close()
  }
  const checksum =
    algorithm === null || digest === null ? null : { algorithm, value: digest.digest().toString('base64') }
  return { path, bytes: range.end - range.start, md5: md5.digest('hex'), checksum }
}

function result(
  etag: string,
  modified: number,
  checksum: { readonly algorithm: Algorithm; readonly value: string } | null,
): Record<string, string> {
  return {
    LastModified: new Date(modified).toISOString(),
    ETag: `"${etag}"`,
    ...(checksum === null ? {} : { [checksumElement(checksum.algorithm)]: checksum.value }),
  }
}
