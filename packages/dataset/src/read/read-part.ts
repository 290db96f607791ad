import { setImmediate } from 'node:timers/promises'
import { HEAD_COLUMNS } from '../format/columns.ts'
import type { Column } from '../format/columns.ts'
import { DatasetError, throwIfAborted } from '../errors.ts'
import { readFooter } from './read-footer.ts'
import type { Footer, RowGroup } from './read-footer.ts'
import { decodeChunk } from './read-pages.ts'
import { loadZstd } from '../format/zstd.ts'

/** Bytes at a known place: a file, an object in a bucket, a buffer. */
export interface ByteReader {
  /** Size of the whole. */
  readonly bytes: number
  /** Exactly the bytes from `start` up to but not including `end`. */
  read(start: number, end: number, signal?: AbortSignal): Promise<Uint8Array>
}

/** What a file may cost at most, whatever it claims. */
export interface ReadLimits {
  /** Bytes of the footer. Default 8 MiB. */
  readonly footerBytes: number
  /** Compressed bytes fetched of one row group. Default 128 MiB. */
  readonly groupBytes: number
  /** Decompressed bytes of one row group. Default 256 MiB. */
  readonly decompressedBytes: number
  /** Rows of the file. Default 20 million. */
  readonly rows: number
}

/** Options of `readRows` and `lookupUris`. */
export interface ReadOptions {
  /** Columns to read, those that the file does not have are left out; `uri_digest` always comes. */
  readonly columns?: 'all' | 'head' | readonly string[]
  readonly limits?: Partial<ReadLimits>
  readonly signal?: AbortSignal
}

const DEFAULT_LIMITS: ReadLimits = {
  footerBytes: 8 * 1024 * 1024,
  groupBytes: 128 * 1024 * 1024,
  decompressedBytes: 256 * 1024 * 1024,
  rows: 20_000_000,
}
/** First read at the end of a file: the footer and bloom filter of a small file, and still room in 256 KiB for a lookup. */
const TAIL_BYTES = 40 * 1024
/** Columns closer than this are fetched in one request. */
const GAP_BYTES = 16 * 1024
const MAGIC = 0x31524150 // "PAR1"

/** A file whose footer was read. */
export interface OpenPart {
  readonly footer: Footer
  readonly requests: number
  readonly bytesRead: number
  /** Positions of the wanted columns, `uri_digest` (0) first. */
  readonly selected: readonly number[]
  /** The range if it was read already, else null. */
  cached(start: number, end: number): Uint8Array | null
  fetch(start: number, end: number): Promise<Uint8Array>
  /** A decoder for the selected columns of a row group, all of them fetched. */
  fetchGroup(group: RowGroup): Promise<(column: number) => readonly unknown[]>
}

/** Reads and checks the footer. @throws DatasetError `CORRUPT_PARQUET`, `SHORT_READ`, `ABORTED`; whatever the reader throws */
export async function openPart(reader: ByteReader, options: ReadOptions): Promise<OpenPart> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const zstd = await loadZstd()
  let requests = 0
  let bytesRead = 0
  let tail = new Uint8Array()
  let tailStart = reader.bytes

  async function fetch(start: number, end: number): Promise<Uint8Array> {
    const known = cached(start, end)
    if (known) return known
    throwIfAborted(options.signal)
    requests += 1
    bytesRead += end - start
    const bytes = await reader.read(start, end, options.signal)
    if (bytes.length !== end - start) {
      throw new DatasetError('SHORT_READ', `${bytes.length} bytes came instead of ${end - start}; try again`)
    }
    return bytes
  }
  function cached(start: number, end: number): Uint8Array | null {
    return start >= tailStart && end <= reader.bytes ? tail.subarray(start - tailStart, end - tailStart) : null
  }

  if (!Number.isSafeInteger(reader.bytes) || reader.bytes < 12) throw corruptFile('it is too short')
  const firstStart = Math.max(0, reader.bytes - TAIL_BYTES)
  tail = Uint8Array.from(await fetch(firstStart, reader.bytes))
  tailStart = firstStart
  const end = new DataView(tail.buffer, tail.length - 8)
  const footerBytes = end.getUint32(0, true)
  const footerStart = reader.bytes - 8 - footerBytes
  if (end.getUint32(4, true) !== MAGIC) throw corruptFile('it does not end as a Parquet file')
  if (footerStart < 4 || footerBytes > limits.footerBytes) throw corruptFile('its footer is larger than allowed')
  if (footerStart < tailStart) {
    tail = Buffer.concat([await fetch(footerStart, tailStart), tail])
    tailStart = footerStart
  }
  const footer = readFooter(tail.subarray(footerStart - tailStart, tail.length - 8), footerStart)
  const rows = footer.groups.reduce((sum, group) => sum + group.rows, 0)
  if (rows > limits.rows) throw corruptFile('it has more rows than allowed')
  const selected = select(footer.columns, options.columns ?? 'all')

  return {
    footer,
    selected,
    get requests() {
      return requests
    },
    get bytesRead() {
      return bytesRead
    },
    cached,
    fetch,
    async fetchGroup(group) {
      await setImmediate() // decoding blocks: let timers, and with them the caller's deadline, have their turn
      throwIfAborted(options.signal)
      const ranges = mergeRanges(selected.map((at) => group.chunks[at]!))
      if (ranges.reduce((sum, range) => sum + range.end - range.start, 0) > limits.groupBytes) {
        throw corruptFile('a row group is larger than allowed')
      }
      const blocks: { readonly start: number; readonly end: number; readonly bytes: Uint8Array }[] = []
      for (const range of ranges) blocks.push({ ...range, bytes: await fetch(range.start, range.end) })
      const budget = { left: limits.decompressedBytes }
      return (column) => {
        const chunk = group.chunks[column]!
        const block = blocks.find((range) => range.start <= chunk.start && chunk.end <= range.end)!
        const bytes = block.bytes.subarray(chunk.start - block.start, chunk.end - block.start)
        return decodeChunk(bytes, footer.columns[column]!, chunk.compressed, group.rows, zstd, budget)
      }
    },
  }
}

function select(columns: readonly Column[], wanted: 'all' | 'head' | readonly string[]): readonly number[] {
  const names = wanted === 'head' ? HEAD_COLUMNS.map((column) => column.name) : wanted
  return columns.flatMap((column, at) => (at === 0 || names === 'all' || names.includes(column.name) ? [at] : []))
}

function mergeRanges(chunks: readonly { start: number; end: number }[]): readonly { start: number; end: number }[] {
  const merged: { start: number; end: number }[] = []
  for (const { start, end } of chunks.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last && start - last.end <= GAP_BYTES) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}

function corruptFile(what: string): DatasetError {
  return new DatasetError('CORRUPT_PARQUET', `the Parquet file is damaged or foreign: ${what}`)
}
