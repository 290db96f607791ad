import { abort, complete, createUpload, listParts, listUploads, uploadPart } from '../upload/multipart.ts'
import { bucketLocation, createBucket, deleteObjects, listBuckets, removeBucket } from '../store/buckets.ts'
import type { Call } from './call.ts'
import { copyObject, copyPart } from '../object/copy.ts'
import { deleteCors, getCors, putCors } from './cors.ts'
import { S3Error } from './error.ts'
import { listObjectsV1, listObjectsV2 } from '../object/listing.ts'
import { deleteObject, putObject, readObject } from '../object/objects.ts'
import type { Reply } from './reply.ts'

const MAX_KEY_BYTES = 1024

/** Query names that select another operation; those without a handler answer `NotImplemented`, never something else. */
const SUBRESOURCES = [
  'accelerate',
  'acl',
  'analytics',
  'attributes',
  'cors',
  'delete',
  'encryption',
  'inventory',
  'legal-hold',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'uploads',
  'versioning',
  'versions',
  'website',
]

/** Picks the operation of an authorized request. */
export async function route(call: Call): Promise<Reply> {
  const { method, bucket: name, key, query } = call.request
  const subresource = SUBRESOURCES.find((candidate) => query.has(candidate)) ?? ''
  if (name === null) {
    if (method === 'GET') return listBuckets(call)
    throw new S3Error('MethodNotAllowed', 'Only GET is possible on the service.')
  }
  if (key === null) return routeBucket(call, name, `${method} ${subresource}`.trim())
  const bucket = call.store.bucket(name)
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error('InvalidObjectName', 'A key has at most 1024 bytes.')
  const isCopy = call.request.headers['x-amz-copy-source'] !== undefined
  const upload = query.has('uploadId') ? 'uploadId' : ''
  switch (`${method} ${subresource || upload}`.trim()) {
    case 'PUT':
      return isCopy ? copyObject(call, bucket, key) : putObject(call, bucket, key)
    case 'GET':
    case 'HEAD':
      return readObject(call, bucket, key)
    case 'DELETE':
      return deleteObject(call, bucket, key)
    case 'POST uploads':
      return createUpload(call, bucket, key)
    case 'PUT uploadId':
      return isCopy ? copyPart(call, bucket, key) : uploadPart(call, bucket, key)
    case 'GET uploadId':
      return listParts(call, bucket, key)
    case 'POST uploadId':
      return complete(call, bucket, key)
    case 'DELETE uploadId':
      return abort(call, bucket, key)
    default:
      throw unknownOperation(subresource)
  }
}

async function routeBucket(call: Call, name: string, operation: string): Promise<Reply> {
  switch (operation) {
    case 'PUT':
      return createBucket(call, name)
    case 'DELETE':
      return removeBucket(call, name)
  }
  const bucket = call.store.bucket(name)
  switch (operation) {
    case 'HEAD':
      return { status: 200 }
    case 'GET':
      return call.request.query.get('list-type') === '2' ? listObjectsV2(call, bucket) : listObjectsV1(call, bucket)
    case 'GET cors':
      return getCors(bucket)
    case 'PUT cors':
      return putCors(call, bucket)
    case 'DELETE cors':
      return deleteCors(bucket)
    case 'GET location':
      return bucketLocation(call)
    case 'GET uploads':
      return listUploads(call, bucket)
    case 'POST delete':
      return deleteObjects(call, bucket)
    default:
      throw unknownOperation(operation.split(' ')[1] ?? '')
  }
}

function unknownOperation(subresource: string): S3Error {
  if (subresource === '') return new S3Error('MethodNotAllowed', 'The method is not possible on this resource.')
  return new S3Error('NotImplemented', `This server does not implement ?${subresource}.`)
}
