import { z } from 'zod'
import { receiveText } from '../http/body.ts'
import type { Bucket } from './bucket.ts'
import type { Call } from '../http/call.ts'
import { S3Error } from '../http/error.ts'
import { type Reply, xmlReply } from '../http/reply.ts'
import type { XmlValue } from '../http/xml.ts'
import { parseXml } from '../http/xml.ts'

const MAX_DELETE_KEYS = 1000

const deleteEntry = z.object({ Key: z.string().min(1), ETag: z.string().optional() })
const deleteDocument = z.object({
  Delete: z.object({
    Quiet: z.string().optional(),
    Object: z.union([deleteEntry.transform((entry) => [entry]), z.array(deleteEntry).min(1).max(MAX_DELETE_KEYS)]),
  }),
})

export function listBuckets(call: Call): Reply {
  const buckets = call.store.buckets().map(({ name, settings }) => ({
    Name: name,
    CreationDate: new Date(settings.created).toISOString(),
  }))
  return xmlReply('ListAllMyBucketsResult', {
    Owner: { ID: 'devnet', DisplayName: 'devnet' },
    Buckets: { Bucket: buckets },
  })
}

export async function createBucket(call: Call, name: string): Promise<Reply> {
  await receiveText(call.request, call.binding)
  await call.store.create(name, { created: call.now(), cors: [] })
  return { status: 200 }
}

export async function removeBucket(call: Call, name: string): Promise<Reply> {
  await call.store.remove(name)
  return { status: 204 }
}

export function bucketLocation(call: Call): Reply {
  return xmlReply('LocationConstraint', { '#text': call.region === 'us-east-1' ? '' : call.region })
}

/** DeleteObjects: every key is answered for, absent ones as deleted. */
export async function deleteObjects(call: Call, bucket: Bucket): Promise<Reply> {
  const parsed = deleteDocument.safeParse(parseXml(await receiveText(call.request, call.binding)))
  if (!parsed.success) throw new S3Error('MalformedXML', 'The list of keys is malformed, empty or over 1000 long.')
  const deleted: XmlValue[] = []
  const failed: XmlValue[] = []
  for (const { Key, ETag } of parsed.data.Delete.Object) {
    try {
      await bucket.remove(Key, ETag === undefined ? undefined : (current) => requireEtag(current?.etag, ETag))
      deleted.push({ Key })
    } catch (cause) {
      if (!S3Error.is(cause)) throw cause
      failed.push({ Key, Code: cause.code, Message: cause.message })
    }
  }
  const quiet = parsed.data.Delete.Quiet?.trim().toLowerCase() === 'true'
  return xmlReply('DeleteResult', { ...(quiet ? {} : { Deleted: deleted }), Error: failed })
}

function requireEtag(current: string | undefined, expected: string): void {
  if (current !== undefined && current !== expected.replace(/^"|"$/g, '')) {
    throw new S3Error('PreconditionFailed', 'The object has another ETag.')
  }
}
