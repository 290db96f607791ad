import { link } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { createHash, randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Bucket } from '../store/bucket.ts'
import type { Call } from '../http/call.ts'
import {
  announcedChecksum,
  checksumElement,
  type Checksum,
  compositeChecksum,
  createDigest,
} from '../object/checksum.ts'
import { writeCheck } from '../object/conditions.ts'
import { S3Error } from '../http/error.ts'
import { commitOrDiscard } from '../object/objects.ts'
import type { ContentFile, ObjectRecord, PartRecord, UploadRecord } from '../store/record.ts'
import type { Upload } from './uploads.ts'
import { parseXml } from '../http/xml.ts'

const MIN_PART_BYTES = 5 * 1024 * 1024

const checksumText = z.string().optional()
const partElement = z.object({
  PartNumber: z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number),
  ETag: z.string().transform((text) => text.trim().replace(/^"|"$/g, '')),
  ChecksumCRC32: checksumText,
  ChecksumCRC32C: checksumText,
  ChecksumCRC64NVME: checksumText,
  ChecksumSHA1: checksumText,
  ChecksumSHA256: checksumText,
})
const document = z.object({
  CompleteMultipartUpload: z.object({
    Part: z.union([partElement.transform((part) => [part]), z.array(partElement).min(1)]),
  }),
})

/**
 * Turns the named parts into an object in one step. Content is not copied: the object takes over the part files.
 * @throws S3Error `MalformedXML`, `InvalidPart`, `InvalidPartOrder`, `EntityTooSmall`, `BadDigest`, `NoSuchUpload`,
 * `PreconditionFailed`
 */
export async function completeUpload(call: Call, bucket: Bucket, key: string, text: string): Promise<ObjectRecord> {
  const { headers, query } = call.request
  const id = query.get('uploadId') ?? ''
  const parsed = document.safeParse(parseXml(text))
  if (!parsed.success) throw new S3Error('MalformedXML', 'The list of parts is malformed or empty.')
  const named = parsed.data.CompleteMultipartUpload.Part
  const earlier = completedEarlier(bucket, id, key, named)
  if (earlier !== null) return earlier
  const upload = bucket.uploads.get(id, key)
  const parts = selectParts(upload, named)
  const check = writeCheck(headers)
  check?.(bucket.get(key))
  const checksum = await objectChecksum(bucket, upload.record, parts, headers)
  const files: ContentFile[] = parts.map(({ bytes, checksum }) => ({
    name: randomUUID(),
    bytes,
    checksum: checksum?.value ?? null,
  }))
  const record: ObjectRecord = {
    key,
    etag: multipartEtag(parts.map(({ etag }) => etag)),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    modified: call.now(),
    headers: upload.record.headers,
    checksum,
    multipart: true,
    files,
  }
  try {
    // Links, not renames: a server killed here still has the whole upload.
    for (const [index, part] of parts.entries()) {
      await link(bucket.uploads.partPath(id, part), bucket.dataPath(files[index]?.name ?? ''))
    }
  } catch (cause) {
    await bucket.discard(files.map(({ name }) => name))
    const other = completedEarlier(bucket, id, key, named)
    if (other !== null) return other
    // Aborted while it was being completed, or a failure of the disk.
    bucket.uploads.get(id, key)
    throw cause
  }
  await commitOrDiscard(bucket, record, check)
  await bucket.uploads.end(id)
  return record
}

/** MD5 over the binary MD5s of the parts, then the number of parts. */
function multipartEtag(etags: readonly string[]): string {
  const hash = createHash('md5')
  for (const etag of etags) hash.update(Buffer.from(etag, 'hex'))
  return `${hash.digest('hex')}-${etags.length}`
}

type PartElement = z.infer<typeof partElement>

/** A client that lost the reply asks again; radosgw then answers as the first time. */
function completedEarlier(bucket: Bucket, id: string, key: string, named: readonly PartElement[]): ObjectRecord | null {
  const current = bucket.get(key)
  if (current?.multipart !== true || bucket.uploads.has(id, key)) return null
  return current.etag === multipartEtag(named.map(({ ETag }) => ETag)) ? current : null
}

function selectParts(upload: Upload, named: readonly PartElement[]): PartRecord[] {
  const parts: PartRecord[] = []
  for (const [index, element] of named.entries()) {
    const part = upload.parts.get(element.PartNumber)
    if (part === undefined || part.etag !== element.ETag) {
      throw new S3Error('InvalidPart', `Part ${element.PartNumber} was not uploaded or has another ETag.`)
    }
    const given = part.checksum === null ? undefined : element[checksumElement(part.checksum.algorithm)]
    if (given !== undefined && given !== part.checksum?.value) {
      throw new S3Error('InvalidPart', `Part ${element.PartNumber} has another checksum.`)
    }
    if (index > 0 && element.PartNumber <= (named[index - 1]?.PartNumber ?? 0)) {
      throw new S3Error('InvalidPartOrder', 'The parts must be listed in ascending order.')
    }
    if (index < named.length - 1 && part.bytes < MIN_PART_BYTES) {
      throw new S3Error('EntityTooSmall', `Part ${element.PartNumber} is smaller than 5 MiB and not the last.`)
    }
    parts.push(part)
  }
  if (parts.length !== upload.parts.size) {
    // AWS would drop the others; radosgw refuses, and a part left out by mistake is then not lost.
    throw new S3Error('InvalidPart', 'Every uploaded part must be listed.')
  }
  return parts
}

async function objectChecksum(
  bucket: Bucket,
  upload: UploadRecord,
  parts: readonly PartRecord[],
  headers: Readonly<Record<string, string>>,
): Promise<Checksum | null> {
  const wanted = upload.checksum
  if (wanted === null) return null
  const values = parts.flatMap(({ checksum }) => (checksum?.algorithm === wanted.algorithm ? [checksum.value] : []))
  if (values.length < parts.length) throw new S3Error('InvalidPart', 'A part was sent without the agreed checksum.')
  const checksum: Checksum =
    wanted.type === 'COMPOSITE'
      ? compositeChecksum(wanted.algorithm, values)
      : { ...wanted, value: await fullDigest(bucket, upload, parts) }
  const announced = announcedChecksum(headers)
  if (announced !== null && (announced.algorithm !== wanted.algorithm || announced.value !== checksum.value)) {
    throw new S3Error('BadDigest', 'The object does not match the checksum of the request.')
  }
  return checksum
}

async function fullDigest(bucket: Bucket, upload: UploadRecord, parts: readonly PartRecord[]): Promise<string> {
  const digest = createDigest(upload.checksum?.algorithm ?? 'CRC32')
  for (const part of parts) {
    const content = createReadStream(bucket.uploads.partPath(upload.id, part)) as AsyncIterable<Buffer>
    for await (const piece of content) digest.update(piece)
  }
  return digest.digest().toString('base64')
}
