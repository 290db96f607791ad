import { createCellWriter } from './write-cells.ts'
import { columnsOf } from '../format/columns.ts'
import type { FieldEncoding } from '../encoding/fields.ts'
import { throwIfAborted } from '../errors.ts'
import { partKey, sourceName } from '../keys.ts'
import type { PendingFile } from '../format/part-file.ts'
import { createParquetWriter } from './write-file.ts'
import { createPendingFile } from '../format/part-file.ts'
import { profileOf } from '../format/profiles.ts'
import { createRowOrder } from '../format/row-order.ts'
import type { DataRow, DigestedRow } from '../format/row.ts'
import { loadZstd, QUICK_LEVEL } from '../format/zstd.ts'

/** Rows of a full row group; Data Universe's validators expect exactly this number. */
const ROWS_PER_GROUP = 10_000
/** A row group ends early at this much content, so that memory stays bounded with long posts. */
const CONTENT_PER_GROUP = 32 * 1024 * 1024

/** What `writePart` needs. */
export interface WritePartOptions {
  /** An existing directory; the file lies directly in it. */
  readonly directory: string
  readonly source: number
  /** Hours since 1970. */
  readonly hour: number
  /** Which share of the partition, counted from 1. */
  readonly part: number
  readonly of: number
  /** Rows of this source, hour and share, sorted by `uri_digest`. */
  readonly rows: Iterable<DataRow> | AsyncIterable<DataRow>
  /** Encrypts usernames and URLs; without it they are plain. */
  readonly encoding?: FieldEncoding
  readonly signal?: AbortSignal
}

/** A partition file on disk. */
export interface PartFile {
  /** Its key below the miner's root. */
  readonly key: string
  readonly path: string
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
  readonly rows: number
  readonly source: string
  readonly hour: number
}

/**
 * Writes one partition file, row group by row group. The same set of rows gives the same bytes and so the same name;
 * rows that are equal in everything are one row. The file is complete and on disk when the call returns; when it
 * throws, nothing is left.
 * @throws DatasetError `NOT_SORTED`, `WRONG_SHARE`, `BAD_ROW`, `BAD_KEY`, `NO_SPACE`, `IO`, `ABORTED`; whatever `rows` throws
 */
export async function writePart(options: WritePartOptions): Promise<PartFile> {
  const { source, hour, part, of, signal } = options
  const name = sourceName(source)
  partKey({ source: name, hour, part, of, sha256: '0'.repeat(64) })
  throwIfAborted(signal)
  const file = await createPendingFile(options.directory)
  try {
    const rows = await writeRows(options, file)
    throwIfAborted(signal)
    const sha256 = file.digest()
    const key = partKey({ source: name, hour, part, of, sha256 })
    const path = await file.publish(key.replaceAll('/', '_'))
    return { key, path, bytes: file.bytes, sha256, rows, source: name, hour }
  } finally {
    await file.discard()
  }
}

async function writeRows(options: WritePartOptions, file: PendingFile): Promise<number> {
  const profile = profileOf(options.source)
  const columns = columnsOf(profile, options.encoding !== undefined)
  const cells = createCellWriter(profile, columns, options.encoding ?? null, ROWS_PER_GROUP)
  const zstd = await loadZstd()
  const parquet = createParquetWriter(columns, (bytes, { name }) =>
    zstd.compress(bytes, name.endsWith('_encoded') ? QUICK_LEVEL : undefined),
  )
  const order = createRowOrder(options)
  let written = 0

  async function flush(): Promise<void> {
    throwIfAborted(options.signal)
    written += cells.rows
    await file.write(parquet.group(cells.rows, cells.take()))
  }

  /** Takes rows over; only a full row group is worth a promise. */
  function add(entries: readonly DigestedRow[]): Promise<unknown> | null {
    for (let at = 0; at < entries.length; at += 1) {
      cells.add(entries[at]!)
      if (cells.rows >= ROWS_PER_GROUP || cells.contentBytes >= CONTENT_PER_GROUP) {
        return flush().then(() => add(entries.slice(at + 1)))
      }
    }
    return null
  }

  if (Symbol.asyncIterator in options.rows) {
    for await (const row of options.rows) {
      const flushed = add(order.push(row))
      if (flushed) await flushed
    }
  } else {
    for (const row of options.rows) {
      const flushed = add(order.push(row))
      if (flushed) await flushed
    }
  }
  await add(order.end())
  if (cells.rows > 0) await flush()
  await file.write(parquet.finish())
  return written
}
