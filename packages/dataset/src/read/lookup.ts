import { hashParquetValue, readBloomFilter, sbbfContains } from 'hyparquet/src/bloom.js'
import type { RowGroup } from './read-footer.ts'
import { uriDigest } from '../keys.ts'
import { openPart } from './read-part.ts'
import type { ByteReader, OpenPart, ReadOptions } from './read-part.ts'
import { readThrift } from './read-thrift.ts'

/** Options of `lookupUris`. */
export interface LookupOptions extends ReadOptions {
  /**
   * Fetch a bloom filter (16 KiB) before a row group. Worth it when the file may well not hold the URI; filters that
   * came with the footer are used in any case. Default false.
   */
  readonly fetchBloom?: boolean
}

/** What was found, and at what price. */
export interface LookupResult {
  /** Per URI the selected columns of its row; of several rows with one URI the one with the latest date text. */
  readonly found: ReadonlyMap<string, Record<string, unknown>>
  readonly requests: number
  readonly bytesRead: number
}

const DIGEST_ELEMENT = { name: 'uri_digest', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16 } as const
/** The writer's filters have 16 KiB. */
const MAX_BLOOM_BYTES = 64 * 1024

/**
 * Looks URIs up by range reads: the end of the file, then only the row groups whose range of digests and bloom
 * filter admit one of them. `columns` defaults to `head` (digest, datetime, label, content size).
 * @throws DatasetError `CORRUPT_PARQUET`, `SHORT_READ`, `ABORTED`; whatever the reader throws
 */
export async function lookupUris(
  reader: ByteReader,
  uris: readonly string[],
  options: LookupOptions = {},
): Promise<LookupResult> {
  const part = await openPart(reader, { ...options, columns: options.columns ?? 'head' })
  const wanted = new Map(uris.map((uri) => [keyOf(uriDigest(uri)), uri]))
  const found = new Map<string, Record<string, unknown>>()
  for (const group of part.footer.groups) {
    const digests = [...wanted.keys()].map((key) => Buffer.from(key, 'latin1'))
    const candidates = digests.filter((digest) => isInRange(digest, group))
    if (candidates.length === 0 || !(await passesBloom(part, group, candidates, options.fetchBloom ?? false))) continue
    const decode = await part.fetchGroup(group)
    const hits: { readonly row: number; readonly uri: string }[] = []
    for (const [row, digest] of decode(0).entries()) {
      const uri = wanted.get(keyOf(digest as Buffer))
      if (uri !== undefined) hits.push({ row, uri })
    }
    if (hits.length === 0) continue
    const columns = part.selected.map((at) => [part.footer.columns[at]!.name, decode(at)] as const)
    for (const { row, uri } of hits) {
      found.set(uri, Object.fromEntries(columns.map(([name, values]) => [name, values[row]])))
    }
  }
  return { found, requests: part.requests, bytesRead: part.bytesRead }
}

function keyOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString('latin1')
}

function isInRange(digest: Uint8Array, group: RowGroup): boolean {
  const { min, max } = group.chunks[0]!
  return (!min || Buffer.compare(min, digest) <= 0) && (!max || Buffer.compare(digest, max) <= 0)
}

async function passesBloom(
  part: OpenPart,
  group: RowGroup,
  digests: readonly Uint8Array[],
  mayFetch: boolean,
): Promise<boolean> {
  const range = group.chunks[0]!.bloom
  if (!range || range.end - range.start > MAX_BLOOM_BYTES) return true
  const bytes = mayFetch ? await part.fetch(range.start, range.end) : part.cached(range.start, range.end)
  if (!bytes) return true
  readThrift(bytes, 0, 16) // the library's reader has no bounds of its own
  const filter = bloomIn(bytes)
  if (!filter) return true
  return digests.some((digest) => sbbfContains(filter, hashParquetValue(digest, DIGEST_ELEMENT)!))
}

/** A filter that cannot be read excludes nothing. */
function bloomIn(bytes: Uint8Array): Uint32Array | null {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return readBloomFilter({ view, offset: 0 })?.blocks ?? null
  } catch {
    return null
  }
}
