import { isUtf8 } from 'node:buffer'
import type { Column } from './columns.ts'
import type { FieldEncoding } from './encoding.ts'
import { createMomentCache } from './moment.ts'
import type { FieldKind, Profile } from './profiles.ts'
import type { DigestedRow } from './row.ts'
import { isWellFormed } from './unicode.ts'

/** Turns rows into the cells of one row group. */
export interface CellWriter {
  readonly rows: number
  /** Bytes of content taken since the last `take`. */
  readonly contentBytes: number
  add(row: DigestedRow): void
  /** The cells of all rows so far, one array per column, and a fresh start. */
  take(): readonly unknown[][]
}

type JsonObject = Readonly<Record<string, unknown>>

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
  const index = new Map(columns.map((column, at) => [column.name, at]))
  const fresh = (): unknown[][] => columns.map(() => Array<unknown>(capacity).fill(null))
  const moments = createMomentCache()
  let cells = fresh()
  let rows = 0
  let contentBytes = 0

  const put = (name: string, value: unknown): void => {
    const column = cells[index.get(name)!]!
    column[rows] = value
  }

  /** Fills the profile's columns; true when nothing of the content is left over. */
  function putFields(object: JsonObject, uri: string, seconds: number): boolean {
    let complete = true
    const details: Record<string, unknown> = {}
    for (const key of Object.keys(object)) {
      const value = object[key]
      if (value === null) continue // absent and null mean the same in both originals
      if (key === 'url') {
        if (value !== uri) complete = false
        continue
      }
      if (key === 'username') {
        if (!fits('text', value)) complete = false
        else if (encoding) put('username_encoded', encoding.encode('public', value as string, seconds))
        else put('username', value)
        continue
      }
      const field = profile!.byField.get(key)
      if (!field || !fits(field.kind, value)) complete = false
      else if (encoding && field.identifying) details[field.column] = value
      else put(field.column, field.kind === 'int' ? BigInt(value as number) : value)
    }
    if (encoding && complete) {
      const ordered = Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1))
      if (ordered.length > 0) {
        put('details_encoded', encoding.encode('private', JSON.stringify(Object.fromEntries(ordered)), seconds))
      }
    }
    return complete
  }

  return {
    get rows() {
      return rows
    },
    get contentBytes() {
      return contentBytes
    },
    add({ digest, row }) {
      const seconds = row.timeBucketId * 3600
      put('uri_digest', digest)
      put('datetime', moments(row.datetime))
      put('label', row.label)
      put('content_size_bytes', BigInt(row.contentSizeBytes))
      if (encoding) put('url_encoded', encoding.encode('private', row.uri, seconds))
      else put('uri', row.uri)
      const object = profile ? parseObject(row.content) : null
      if (!object || !putFields(object, row.uri, seconds)) {
        if (encoding) put('content_encoded', encoding.encode('private', row.content, seconds))
        else put('content', row.content)
      }
      rows += 1
      contentBytes += row.content.length
    },
    take() {
      const taken = rows === capacity ? cells : cells.map((column) => column.slice(0, rows))
      cells = fresh()
      rows = 0
      contentBytes = 0
      return taken
    },
  }
}

function parseObject(content: Uint8Array): JsonObject | null {
  if (!isUtf8(content)) return null
  try {
    const value: unknown = JSON.parse(Buffer.from(content.buffer, content.byteOffset, content.length).toString('utf8'))
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
