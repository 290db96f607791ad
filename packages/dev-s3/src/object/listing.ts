import type { Bucket } from '../store/bucket.ts'
import type { Call } from '../http/call.ts'
import { S3Error } from '../http/error.ts'
import type { ObjectRecord } from '../store/record.ts'
import { type Reply, xmlReply } from '../http/reply.ts'
import { encodeRfc3986 } from '../sign/signature.ts'
import type { XmlValue } from '../http/xml.ts'

const PAGE = 1000

interface Page {
  readonly records: readonly ObjectRecord[]
  readonly prefixes: readonly string[]
  readonly truncated: boolean
  /** The last key or common prefix of this page; the next one starts behind it. */
  readonly last: string
}

/** ListObjectsV2. The continuation token is the base64url of the last name given out. */
export function listObjectsV2(call: Call, bucket: Bucket): Reply {
  const { query } = call.request
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after') ?? ''
  const max = readMax(query.get('max-keys'))
  const page = selectPage(bucket, query, token === undefined ? startAfter : readToken(token), max)
  const encode = encoder(query)
  return xmlReply('ListBucketResult', {
    Name: bucket.name,
    Prefix: encode(query.get('prefix') ?? ''),
    MaxKeys: max,
    IsTruncated: page.truncated,
    ...optional('Delimiter', query.get('delimiter'), encode),
    ...optional('EncodingType', query.get('encoding-type')),
    ...optional('ContinuationToken', token),
    ...(page.truncated ? { NextContinuationToken: Buffer.from(page.last).toString('base64url') } : {}),
    ...optional('StartAfter', query.get('start-after'), encode),
    KeyCount: page.records.length + page.prefixes.length,
    ...contents(page, encode),
  })
}

/** ListObjects, version 1. */
export function listObjectsV1(call: Call, bucket: Bucket): Reply {
  const { query } = call.request
  const marker = query.get('marker') ?? ''
  const max = readMax(query.get('max-keys'))
  const page = selectPage(bucket, query, marker, max)
  const encode = encoder(query)
  return xmlReply('ListBucketResult', {
    Name: bucket.name,
    Prefix: encode(query.get('prefix') ?? ''),
    Marker: encode(marker),
    ...(page.truncated ? { NextMarker: encode(page.last) } : {}),
    MaxKeys: max,
    ...optional('Delimiter', query.get('delimiter'), encode),
    ...optional('EncodingType', query.get('encoding-type')),
    IsTruncated: page.truncated,
    ...contents(page, encode),
  })
}

function selectPage(bucket: Bucket, query: ReadonlyMap<string, string>, after: string, max: number): Page {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const keys = bucket.keys()
  const records: ObjectRecord[] = []
  const prefixes: string[] = []
  let last = after
  for (let index = firstBehind(keys, prefix > after ? prefix : after, prefix > after); index < keys.length; index++) {
    const key = keys[index] ?? ''
    if (!key.startsWith(prefix)) break
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const common = cut === -1 ? null : key.slice(0, cut + delimiter.length)
    // A common prefix counts once, and not again on the page behind it.
    if (common !== null && (common === last || common === prefixes.at(-1))) continue
    if (records.length + prefixes.length >= max) return { records, prefixes, truncated: max > 0, last }
    last = common ?? key
    if (common !== null) prefixes.push(common)
    else {
      const record = bucket.get(key)
      if (record !== undefined) records.push(record)
    }
  }
  return { records, prefixes, truncated: false, last }
}

/** Index of the first key behind `bound` (or equal to it) by binary search in UTF-8 order. */
function firstBehind(keys: readonly string[], bound: string, inclusive: boolean): number {
  const target = Buffer.from(bound)
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = Buffer.compare(Buffer.from(keys[middle] ?? ''), target)
    if (order < 0 || (order === 0 && !inclusive)) low = middle + 1
    else high = middle
  }
  return low
}

function contents(page: Page, encode: (text: string) => string): { [name: string]: XmlValue } {
  return {
    Contents: page.records.map((record) => ({
      Key: encode(record.key),
      LastModified: new Date(record.modified).toISOString(),
      ETag: `"${record.etag}"`,
      ...(record.checksum === null
        ? {}
        : { ChecksumAlgorithm: record.checksum.algorithm, ChecksumType: record.checksum.type }),
      Size: record.bytes,
      StorageClass: 'STANDARD',
    })),
    CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  }
}

function encoder(query: ReadonlyMap<string, string>): (text: string) => string {
  if (query.get('encoding-type') === undefined) return (text) => text
  if (query.get('encoding-type') !== 'url') throw new S3Error('InvalidArgument', 'encoding-type must be url.')
  return (text) => encodeRfc3986(text).replaceAll('%2F', '/')
}

function optional(
  name: string,
  value: string | undefined,
  encode = (text: string): string => text,
): Record<string, string> {
  return value === undefined ? {} : { [name]: encode(value) }
}

function readMax(text: string | undefined): number {
  if (text === undefined || text === '') return PAGE
  if (!/^\d{1,9}$/.test(text)) throw new S3Error('InvalidArgument', 'max-keys must be a number.')
  return Math.min(PAGE, Number(text))
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8')
  if (Buffer.from(text).toString('base64url') !== token) {
    throw new S3Error('InvalidArgument', 'The continuation token is not one of this server.')
  }
  return text
}
