import { S3Error } from '../http/error.ts'
import type { ObjectRecord } from '../store/record.ts'

type Headers = Readonly<Record<string, string>>

/** Conditional reads (RFC 9110 section 13.2.2). @throws S3Error `PreconditionFailed`, `NotModified`, `NoSuchKey` */
export function checkRead(headers: Headers, record: ObjectRecord): void {
  const failed = new S3Error('PreconditionFailed', 'A condition of the request does not hold.')
  const modifiedSeconds = Math.floor(record.modified / 1000) * 1000
  const match = headers['if-match']
  if (match !== undefined) {
    if (!listed(match, record.etag)) throw failed
  } else if (Date.parse(headers['if-unmodified-since'] ?? '') < modifiedSeconds) throw failed
  const noneMatch = headers['if-none-match']
  const unmodified = { etag: `"${record.etag}"`, 'last-modified': new Date(record.modified).toUTCString() }
  if (noneMatch !== undefined) {
    if (listed(noneMatch, record.etag)) throw new S3Error('NotModified', '', unmodified)
  } else if (Date.parse(headers['if-modified-since'] ?? '') >= modifiedSeconds) {
    throw new S3Error('NotModified', '', unmodified)
  }
}

/** Conditional writes: the check runs in the same step as the write. Null when the request has no condition. */
export function writeCheck(headers: Headers): ((current: ObjectRecord | undefined) => void) | undefined {
  const match = headers['if-match']
  const noneMatch = headers['if-none-match']
  if (match === undefined && noneMatch === undefined) return undefined
  return (current) => {
    if (match !== undefined && current === undefined) throw new S3Error('NoSuchKey', 'If-Match names an absent object.')
    const holds =
      (match === undefined || (current !== undefined && listed(match, current.etag))) &&
      (noneMatch === undefined || current === undefined || !listed(noneMatch, current.etag))
    if (!holds) throw new S3Error('PreconditionFailed', 'The condition of the write does not hold.')
  }
}

/** The conditions of CopyObject on its source. */
export function checkCopySource(headers: Headers, record: ObjectRecord): void {
  const failed = new S3Error('PreconditionFailed', 'A condition on the copy source does not hold.')
  const match = headers['x-amz-copy-source-if-match']
  const noneMatch = headers['x-amz-copy-source-if-none-match']
  if (match !== undefined && !listed(match, record.etag)) throw failed
  if (noneMatch !== undefined && listed(noneMatch, record.etag)) throw failed
}

function listed(header: string, etag: string): boolean {
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, '').replace(/^"|"$/g, ''))
  return tags.includes('*') || tags.includes(etag)
}
