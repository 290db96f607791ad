import { isUtf8 } from 'node:buffer'
import { createColumnBuilder } from './column-builder.ts'
import type { Cell, ColumnChunk } from './column-builder.ts'
import type { Column } from '../format/columns.ts'
import type { FieldEncoding } from '../encoding/fields.ts'
import { createCache } from './text-cache.ts'
import { utcMoment } from '../format/utc-moment.ts'
import type { FieldKind, Profile } from '../format/profiles.ts'
import type { DigestedRow } from '../format/row.ts'
import { isWellFormed } from '../format/unicode.ts'

/** Turns rows into the cells of one row group. */
export interface CellWriter {
  readonly rows: number
  /** Bytes of content taken since the last `take`. */
  readonly contentBytes: number
  add(row: DigestedRow): void
  /** The columns of all rows so far, and a fresh start. They are valid until the next `add`. */
  take(): readonly ColumnChunk[]
}

type JsonObject = Readonly<Record<string, unknown>>
type Put = (value: Cell) => void

/** What decoding puts in the place of bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd'
/** Longer lists stay in `content`, so that the reader's limits hold. */
const MAX_LIST_LENGTH = 100

/**
 * What the columns of the profile carry of a row's JSON goes there; if anything of it would be lost (no JSON object,
 * unknown field, another type, a URL that differs from the row's), the whole content is kept beside it.
 * @param capacity rows until `take` must be called
 */
export function createCellWriter(
  profile: Profile | null,
  columns: readonly Column[],
  encoding: FieldEncoding | null,
  capacity: number,
): CellWriter {
  const builders = columns.map((column) => createColumnBuilder(column, capacity))
  const moments = createCache(utcMoment)
  /** All rows are of one hour, so that a name always has the same token. */
  const usernames = createCache((name) => encoding!.encode('public', name, seconds))
  let rows = 0
  let contentBytes = 0
  let seconds = 0

  /** Absent columns are those that the row's fields are never put into. */
  const putter = (name: string): Put => {
    const builder = builders[columns.findIndex((column) => column.name === name)]
    return (value) => builder!.put(rows, value)
  }
  const encrypted = (name: string): ((value: string | Uint8Array) => void) => {
    const put = putter(name)
    return (value) => put(encoding!.encode('private', value, seconds))
  }
  const putDigest = putter('uri_digest')
  const putDatetime = putter('datetime')
  const putLabel = putter('label')
  const putSize = putter('content_size_bytes')
  const putUri = encoding ? encrypted('url_encoded') : putter('uri')
  const putUsername = putter(encoding ? 'username_encoded' : 'username')
  const putDetails = encrypted('details_encoded')
  const putContent = encoding ? encrypted('content_encoded') : putter('content')
  const byField = new Map(
    (profile?.fields ?? []).map((field) => [
      field.field,
      { kind: field.kind, put: encoding && field.identifying ? null : putter(field.column) },
    ]),
  )
  const details = (profile?.fields ?? [])
    .filter((field) => field.identifying)
    .toSorted((a, b) => (a.column < b.column ? -1 : 1))

  /** Fills the profile's columns; true when nothing of the content is left over. */
  function putFields(object: JsonObject, uri: string): boolean {
    let complete = true
    let identified = false
    for (const key of Object.keys(object)) {
      const value = object[key]
      if (value === null) continue // absent and null mean the same in both originals
      if (key === 'url') {
        if (value !== uri) complete = false
        continue
      }
      if (key === 'username') {
        if (!fits('text', value)) complete = false
        else putUsername(encoding ? usernames(value as string) : (value as string))
        continue
      }
      const field = byField.get(key)
      if (!field || !fits(field.kind, value)) complete = false
      else if (field.put) field.put(value as Cell)
      else identified = true
    }
    if (identified && complete) putDetails(detailsOf(object))
    return complete
  }

  function detailsOf(object: JsonObject): string {
    const found: Record<string, unknown> = {}
    for (const { field, column } of details) {
      if (Object.hasOwn(object, field) && object[field] !== null) found[column] = object[field]
    }
    return JSON.stringify(found)
  }

  return {
    get rows() {
      return rows
    },
    get contentBytes() {
      return contentBytes
    },
    add({ digest, row }) {
      seconds = row.timeBucketId * 3600
      putDigest(digest)
      putDatetime(moments(row.datetime))
      if (row.label !== null) putLabel(row.label)
      putSize(row.contentSizeBytes)
      putUri(row.uri)
      const object = profile ? parseObject(row.content) : null
      if (!object || !putFields(object, row.uri)) putContent(row.content)
      rows += 1
      contentBytes += row.content.length
    },
    take() {
      const taken = builders.map((builder) => builder.take(rows))
      rows = 0
      contentBytes = 0
      return taken
    },
  }
}

function parseObject(content: Uint8Array): JsonObject | null {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content.buffer, content.byteOffset, content.length)
  const text = bytes.toString('utf8')
  if (text.includes(REPLACEMENT) && !isUtf8(bytes)) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
  } catch {
    return null
  }
}

/** Whether a column of the kind gives exactly this value back. */
function fits(kind: FieldKind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string' && isWellFormed(value)
    case 'texts':
      return Array.isArray(value) && value.length <= MAX_LIST_LENGTH && value.every((item) => fits('text', item))
    case 'int':
      return Number.isSafeInteger(value)
    case 'float':
      return typeof value === 'number' && Number.isFinite(value)
    default:
      return typeof value === 'boolean'
  }
}
