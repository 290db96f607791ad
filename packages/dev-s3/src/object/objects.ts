import { receiveFile } from '../http/body.ts'
import type { Bucket } from '../store/bucket.ts'
import { checksumHeaders, parseAlgorithm, type Checksum } from './checksum.ts'
import { checkRead, writeCheck } from './conditions.ts'
import { S3Error } from '../http/error.ts'
import type { Call } from '../http/call.ts'
import { parseRange, sliceFiles } from './range.ts'
import type { ObjectRecord } from '../store/record.ts'
import type { Reply } from '../http/reply.ts'

const KEPT = ['content-type', 'content-encoding', 'content-disposition', 'content-language', 'cache-control', 'expires']
const MAX_METADATA_BYTES = 64 * 1024

/** Headers that are stored with an object and come back with it. */
export function keptHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {}
  let bytes = 0
  for (const [name, value] of Object.entries(headers)) {
    if (!KEPT.includes(name) && !name.startsWith('x-amz-meta-')) continue
    bytes += name.length + Buffer.byteLength(value)
    if (bytes > MAX_METADATA_BYTES) throw new S3Error('MetadataTooLarge', 'The metadata is larger than 64 KiB.')
    if (name !== 'content-encoding') kept[name] = value
    else if (withoutAwsChunked(value) !== '') kept[name] = withoutAwsChunked(value)
  }
  return kept
}

/** `aws-chunked` is how the body travels, not how the content is encoded. */
function withoutAwsChunked(value: string): string {
  const encodings = value.split(',').map((encoding) => encoding.trim())
  return encodings.filter((encoding) => encoding !== 'aws-chunked' && encoding !== '').join(',')
}

export async function putObject(call: Call, bucket: Bucket, key: string): Promise<Reply> {
  const { headers } = call.request
  const kept = keptHeaders(headers)
  const check = writeCheck(headers)
  check?.(bucket.get(key))
  const wanted = headers['x-amz-sdk-checksum-algorithm']
  const algorithm = wanted === undefined ? null : parseAlgorithm(wanted)
  const received = await receiveFile(call.request, call.binding, bucket.incoming, algorithm)
  const name = await bucket.keep(received)
  const checksum: Checksum | null = received.checksum === null ? null : { ...received.checksum, type: 'FULL_OBJECT' }
  const record: ObjectRecord = {
    key,
    etag: received.md5,
    bytes: received.bytes,
    modified: call.now(),
    headers: kept,
    checksum,
    multipart: false,
    files: [{ name, bytes: received.bytes, checksum: null }],
  }
  await commitOrDiscard(bucket, record, check)
  return { status: 200, headers: { etag: `"${record.etag}"`, ...checksumHeaders(checksum) } }
}

/** A refused commit must not leave its content behind. */
export async function commitOrDiscard(
  bucket: Bucket,
  record: ObjectRecord,
  check?: (current: ObjectRecord | undefined) => void,
): Promise<void> {
  try {
    await bucket.commit(record, check)
  } catch (cause) {
    await bucket.discard(record.files.map((file) => file.name))
    throw cause
  }
}

export function findObject(bucket: Bucket, key: string): ObjectRecord {
  const record = bucket.get(key)
  if (record === undefined) throw new S3Error('NoSuchKey', 'The object does not exist.')
  return record
}

/** GET and HEAD with conditions, one range or one part. */
export function readObject(call: Call, bucket: Bucket, key: string): Reply {
  const { headers, query, method } = call.request
  const record = findObject(bucket, key)
  checkRead(headers, record)
  const partNumber = query.get('partNumber')
  const part = partNumber === undefined ? null : partRange(record, partNumber)
  const range = part ?? parseRange(headers['range'], record.bytes)
  const { start, end } = range ?? { start: 0, end: record.bytes }
  const files = record.files.map(({ name, bytes }) => ({ path: bucket.dataPath(name), bytes }))
  const replyHeaders: Record<string, string> = {
    'content-type': 'binary/octet-stream',
    ...record.headers,
    ...overrides(query),
    'accept-ranges': 'bytes',
    etag: `"${record.etag}"`,
    'last-modified': new Date(record.modified).toUTCString(),
    'content-length': String(end - start),
    ...(headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED' ? checksumHeaders(record.checksum) : {}),
    ...(range === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${record.bytes}` }),
    ...(part !== null && record.multipart ? { 'x-amz-mp-parts-count': String(record.files.length) } : {}),
  }
  const status = range === null ? 200 : 206
  if (method === 'HEAD') return { status, headers: replyHeaders }
  return { status, headers: replyHeaders, slices: sliceFiles(files, start, end) }
}

function partRange(record: ObjectRecord, text: string): { start: number; end: number } {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0
  const file = record.files[number - 1]
  if (file === undefined) throw new S3Error('InvalidPart', 'The object has no such part.')
  const start = record.files.slice(0, number - 1).reduce((sum, { bytes }) => sum + bytes, 0)
  return { start, end: start + file.bytes }
}

/** `response-content-type` and its like, which presigned downloads use. */
function overrides(query: ReadonlyMap<string, string>): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of KEPT) {
    const value = query.get(`response-${name}`)
    if (value !== undefined) found[name] = value
  }
  return found
}

export async function deleteObject(call: Call, bucket: Bucket, key: string): Promise<Reply> {
  await bucket.remove(key, writeCheck(call.request.headers))
  return { status: 204 }
}
