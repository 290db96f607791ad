import type {
  DeleteObjectsCommandOutput,
  ListMultipartUploadsCommandOutput,
  ListObjectsV2CommandOutput,
  ListPartsCommandOutput,
} from '@aws-sdk/client-s3'
import { storeError } from './s3-errors.ts'
import type { ListedObject, OpenUpload, StoredPart, UploadMark } from './store.ts'

// A list that is believed too early makes rows vanish. What stands before a store may answer 200 with a page of HTML,
// with nothing, or with half of the truth, and the SDK makes an empty list of each. So a page counts only when it says
// whether more follows, names nothing that was not asked for, and leads on when it is not the last. All of these throw
// GatewayError STORE_UNAVAILABLE.

const brokenPage = (what: string): Error => storeError(new Error(`the store's answer is no whole page: ${what}`))

function isTruncated(page: { readonly IsTruncated?: boolean | undefined }): boolean {
  if (typeof page.IsTruncated !== 'boolean') throw brokenPage('it does not say whether more follows')
  return page.IsTruncated
}

const isSize = (size: number | undefined): size is number => Number.isSafeInteger(size) && size! >= 0

/** One page of objects after a key. */
export function objectPage(
  page: ListObjectsV2CommandOutput,
  prefix: string,
  after: string,
): { objects: readonly ListedObject[]; next: string | null } {
  const more = isTruncated(page)
  checkCount(page)
  const objects = (page.Contents ?? []).map(({ Key, Size, ETag }) => {
    if (Key === undefined || !Key.startsWith(prefix)) throw brokenPage('a key that was not asked for')
    if (!isSize(Size)) throw brokenPage('an object without size')
    return { key: Key, bytes: Size, etag: ETag ?? '' }
  })
  const next = more ? (objects.at(-1)?.key ?? null) : null
  if (more && (next === null || next === after)) throw brokenPage('more follows, but it does not lead on')
  return { objects, next }
}

/** One page of folders directly below a prefix. */
export function folderPage(
  page: ListObjectsV2CommandOutput,
  prefix: string,
  token: string | undefined,
): { folders: readonly string[]; next: string | undefined } {
  const more = isTruncated(page)
  checkCount(page)
  const folders = (page.CommonPrefixes ?? []).map(({ Prefix }) => {
    if (Prefix === undefined || !Prefix.startsWith(prefix)) throw brokenPage('a folder that was not asked for')
    return Prefix
  })
  const next = more ? page.NextContinuationToken : undefined
  if (more && (next === undefined || next === token)) throw brokenPage('more follows, but it does not lead on')
  return { folders, next }
}

function checkCount({ KeyCount, Contents = [], CommonPrefixes = [] }: ListObjectsV2CommandOutput): void {
  if (KeyCount !== undefined && KeyCount !== Contents.length + CommonPrefixes.length) {
    throw brokenPage(`${KeyCount} names announced, ${Contents.length + CommonPrefixes.length} there`)
  }
}

/** One page of parts after a number. */
export function partPage(
  page: ListPartsCommandOutput,
  after: number,
): { parts: readonly StoredPart[]; next: number | null } {
  const more = isTruncated(page)
  const parts = (page.Parts ?? []).map(({ PartNumber, ETag, Size, ChecksumCRC32 }) => {
    if (PartNumber === undefined || PartNumber <= after) throw brokenPage('a part that was not asked for')
    if (ETag === undefined || !isSize(Size)) throw brokenPage('a part without ETag or size')
    return { partNumber: PartNumber, etag: ETag, bytes: Size, crc32: ChecksumCRC32 ?? null }
  })
  const next = more ? (parts.at(-1)?.partNumber ?? null) : null
  if (more && next === null) throw brokenPage('more follows, but it does not lead on')
  return { parts, next }
}

/** One page of open uploads after a mark. */
export function uploadPage(
  page: ListMultipartUploadsCommandOutput,
  prefix: string,
  after: UploadMark | null,
): { uploads: readonly OpenUpload[]; next: UploadMark | null } {
  const more = isTruncated(page)
  const uploads = (page.Uploads ?? []).map(({ Key, UploadId, Initiated }) => {
    if (Key === undefined || !Key.startsWith(prefix)) throw brokenPage('an upload that was not asked for')
    const initiatedAt = Initiated?.getTime()
    if (UploadId === undefined || !Number.isFinite(initiatedAt)) throw brokenPage('an upload without id or date')
    return { key: Key, uploadId: UploadId, initiatedAt: initiatedAt! }
  })
  const last = uploads.at(-1)
  if (!more) return { uploads, next: null }
  if (last === undefined || (last.key === after?.key && last.uploadId === after.uploadId)) {
    throw brokenPage('more follows, but it does not lead on')
  }
  return { uploads, next: last }
}

/** Sees that each key is said to be gone. */
export function checkDeleted(keys: readonly string[], answer: DeleteObjectsCommandOutput): void {
  const gone = new Set((answer.Deleted ?? []).map(({ Key }) => Key))
  const left = keys.filter((key) => !gone.has(key))
  if (left.length === 0) return
  const why = answer.Errors?.[0]?.Code ?? 'the answer does not name them'
  throw storeError(new Error(`${left.length} of ${keys.length} objects were not deleted: ${why}`))
}
