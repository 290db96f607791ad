import { createHash } from 'node:crypto'
import type { Credentials } from '../sign/authorize.ts'
import { type VerifiedChunks, writeVerified } from '../http/body.ts'
import { announcedChecksum, checksumHeader, checksumHeaders, createDigest } from '../object/checksum.ts'
import { S3Error } from '../http/error.ts'
import { type OpenForm, readForm } from './form-data.ts'
import { commitOrDiscard, keptHeaders } from '../object/objects.ts'
import { type SizeLimits, verifyPolicy } from '../sign/post-policy.ts'
import type { ObjectRecord } from '../store/record.ts'
import { type Reply, xmlReply } from '../http/reply.ts'
import type { S3Request } from '../http/request.ts'
import type { Store } from '../store/store.ts'

/** Browser upload by POST policy: the form carries its own signature, so the request itself is not signed. */
export async function postObject(
  request: S3Request,
  store: Store,
  credentials: Credentials,
  now: () => number,
): Promise<Reply> {
  const bucket = store.bucket(request.bucket ?? '')
  const form = await readForm(request.body, request.headers['content-type'] ?? '')
  const limits = verifyPolicy(form.fields, bucket.name, credentials, now())
  const key = (form.fields.get('key') ?? '').replaceAll('${filename}', form.fileName)
  if (key === '') throw new S3Error('InvalidArgument', 'The form has no key.')
  const received = await writeVerified(verifyFile(form, limits), bucket.incoming)
  const type = form.fields.get('content-type') ?? form.fileType
  const checksum = received.checksum === null ? null : { ...received.checksum, type: 'FULL_OBJECT' as const }
  const record: ObjectRecord = {
    key,
    etag: received.md5,
    bytes: received.bytes,
    modified: now(),
    headers: keptHeaders({
      ...Object.fromEntries(form.fields),
      ...(type === undefined ? {} : { 'content-type': type }),
    }),
    checksum,
    multipart: false,
    files: [{ name: await bucket.keep(received), bytes: received.bytes, checksum: null }],
  }
  await commitOrDiscard(bucket, record)
  const headers = { etag: `"${record.etag}"`, ...checksumHeaders(checksum) }
  const status = form.fields.get('success_action_status')
  if (status === '201') {
    const place = { Location: `/${bucket.name}/${key}`, Bucket: bucket.name, Key: key, ETag: `"${record.etag}"` }
    return { ...xmlReply('PostResponse', place, headers), status: 201 }
  }
  return { status: status === '200' ? 200 : 204, headers }
}

function verifyFile(form: OpenForm, limits: SizeLimits): VerifiedChunks {
  const result: VerifiedChunks['result'] = { md5: '', checksum: null }
  return { chunks: verify(form, limits, result), result }
}

async function* verify(form: OpenForm, limits: SizeLimits, result: VerifiedChunks['result']): AsyncGenerator<Buffer> {
  const announced = announcedChecksum(Object.fromEntries(form.fields))
  const md5 = createHash('md5')
  const digest = announced === null ? null : createDigest(announced.algorithm)
  let bytes = 0
  for await (const piece of form.file) {
    bytes += piece.length
    if (bytes > limits.max) throw new S3Error('EntityTooLarge', 'The file is larger than the policy allows.')
    md5.update(piece)
    digest?.update(piece)
    yield piece
  }
  if (bytes < limits.min) throw new S3Error('EntityTooSmall', 'The file is smaller than the policy allows.')
  result.md5 = md5.digest('hex')
  if (announced === null || digest === null) return
  const value = digest.digest().toString('base64')
  if (value !== announced.value) {
    throw new S3Error('BadDigest', `The file does not match ${checksumHeader(announced.algorithm)}.`)
  }
  result.checksum = { algorithm: announced.algorithm, value }
}
