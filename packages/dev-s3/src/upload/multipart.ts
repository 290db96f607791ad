import { receiveFile, receiveText } from '../http/body.ts'
import type { Bucket } from '../store/bucket.ts'
import type { Call } from '../http/call.ts'
import { announcedChecksum, checksumElement, checksumHeader, parseAlgorithm } from '../object/checksum.ts'
import { completeUpload } from './complete.ts'
import { S3Error } from '../http/error.ts'
import { keptHeaders } from '../object/objects.ts'
import type { UploadRecord } from '../store/record.ts'
import { type Reply, xmlReply } from '../http/reply.ts'

const MAX_PARTS = 10_000
const PAGE = 1000

export async function createUpload(call: Call, bucket: Bucket, key: string): Promise<Reply> {
  const { headers } = call.request
  await receiveText(call.request, call.binding)
  const checksum = wantedChecksum(headers)
  const record = await bucket.uploads.create({ key, initiated: call.now(), headers: keptHeaders(headers), checksum })
  const replyHeaders: Record<string, string> =
    checksum === null ? {} : { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type }
  return xmlReply('InitiateMultipartUploadResult', { Bucket: bucket.name, Key: key, UploadId: record.id }, replyHeaders)
}

function wantedChecksum(headers: Readonly<Record<string, string>>): UploadRecord['checksum'] {
  const name = headers['x-amz-checksum-algorithm']
  if (name === undefined) return null
  const algorithm = parseAlgorithm(name)
  const isSha = algorithm === 'SHA1' || algorithm === 'SHA256'
  const type =
    headers['x-amz-checksum-type']?.toUpperCase() ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') throw new S3Error('InvalidRequest', 'Unknown checksum type.')
  if ((isSha && type === 'FULL_OBJECT') || (algorithm === 'CRC64NVME' && type === 'COMPOSITE')) {
    throw new S3Error('InvalidRequest', `${algorithm} cannot be combined with ${type}.`)
  }
  return { algorithm, type }
}

export async function uploadPart(call: Call, bucket: Bucket, key: string): Promise<Reply> {
  const { query } = call.request
  const number = readPartNumber(query.get('partNumber'))
  const id = query.get('uploadId') ?? ''
  const { record } = bucket.uploads.get(id, key)
  const announced = announcedChecksum(call.request.headers)
  if (record.checksum !== null && announced !== null && announced.algorithm !== record.checksum.algorithm) {
    throw new S3Error('InvalidRequest', `The upload was created with ${record.checksum.algorithm} checksums.`)
  }
  const received = await receiveFile(call.request, call.binding, bucket.incoming, record.checksum?.algorithm ?? null)
  const part = await bucket.uploads.addPart(id, key, number, received, call.now())
  const checksum: Record<string, string> =
    part.checksum === null ? {} : { [checksumHeader(part.checksum.algorithm)]: part.checksum.value }
  return { status: 200, headers: { etag: `"${part.etag}"`, ...checksum } }
}

export function readPartNumber(text: string | undefined): number {
  const number = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0
  if (number < 1 || number > MAX_PARTS) throw new S3Error('InvalidArgument', 'partNumber must be 1 to 10000.')
  return number
}

export async function complete(call: Call, bucket: Bucket, key: string): Promise<Reply> {
  // The checksum in the headers is that of the whole object, not of this document.
  const own = Object.entries(call.request.headers).filter(([name]) => !name.startsWith('x-amz-checksum-'))
  const text = await receiveText({ ...call.request, headers: Object.fromEntries(own) }, call.binding)
  const done = await completeUpload(call, bucket, key, text)
  return xmlReply('CompleteMultipartUploadResult', {
    Location: `/${bucket.name}/${key}`,
    Bucket: bucket.name,
    Key: key,
    ETag: `"${done.etag}"`,
    ...(done.checksum === null
      ? {}
      : { [checksumElement(done.checksum.algorithm)]: done.checksum.value, ChecksumType: done.checksum.type }),
  })
}

export async function abort(call: Call, bucket: Bucket, key: string): Promise<Reply> {
  const { record } = bucket.uploads.get(call.request.query.get('uploadId') ?? '', key)
  await bucket.uploads.end(record.id)
  return { status: 204 }
}

export function listParts(call: Call, bucket: Bucket, key: string): Reply {
  const { query } = call.request
  const { record, parts } = bucket.uploads.get(query.get('uploadId') ?? '', key)
  const marker = Number(query.get('part-number-marker') ?? 0)
  const max = readMax(query.get('max-parts'))
  const after = [...parts.values()].filter((part) => part.number > marker).sort((a, b) => a.number - b.number)
  const page = after.slice(0, max)
  return xmlReply('ListPartsResult', {
    Bucket: bucket.name,
    Key: key,
    UploadId: record.id,
    StorageClass: 'STANDARD',
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? marker,
    MaxParts: max,
    IsTruncated: after.length > page.length,
    ...(record.checksum === null
      ? {}
      : { ChecksumAlgorithm: record.checksum.algorithm, ChecksumType: record.checksum.type }),
    Part: page.map((part) => ({
      LastModified: new Date(part.modified).toISOString(),
      PartNumber: part.number,
      ETag: `"${part.etag}"`,
      Size: part.bytes,
      ...(part.checksum === null ? {} : { [checksumElement(part.checksum.algorithm)]: part.checksum.value }),
    })),
  })
}

export function listUploads(call: Call, bucket: Bucket): Reply {
  const { query } = call.request
  const [prefix, keyMarker, idMarker] = ['prefix', 'key-marker', 'upload-id-marker'].map(
    (name) => query.get(name) ?? '',
  )
  const max = readMax(query.get('max-uploads'))
  const uploads = bucket.uploads
    .all()
    .filter(({ key }) => key.startsWith(prefix ?? ''))
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || (a.id < b.id ? -1 : 1))
    .filter(({ key, id }) => {
      const order = Buffer.compare(Buffer.from(key), Buffer.from(keyMarker ?? ''))
      return keyMarker === '' || order > 0 || (order === 0 && idMarker !== '' && id > (idMarker ?? ''))
    })
  const page = uploads.slice(0, max)
  const truncated = uploads.length > page.length
  return xmlReply('ListMultipartUploadsResult', {
    Bucket: bucket.name,
    Prefix: prefix,
    KeyMarker: keyMarker,
    UploadIdMarker: idMarker,
    ...(truncated ? { NextKeyMarker: page.at(-1)?.key, NextUploadIdMarker: page.at(-1)?.id } : {}),
    MaxUploads: max,
    IsTruncated: truncated,
    Upload: page.map(({ key, id, initiated }) => ({
      Key: key,
      UploadId: id,
      StorageClass: 'STANDARD',
      Initiated: new Date(initiated).toISOString(),
    })),
  })
}

function readMax(text: string | undefined): number {
  if (text === undefined) return PAGE
  if (!/^\d{1,9}$/.test(text)) throw new S3Error('InvalidArgument', 'The page size must be a number.')
  return Math.min(PAGE, Number(text))
}
