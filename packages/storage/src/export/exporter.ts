import { createHash } from 'node:crypto'
import {
  type DataRow,
  type FieldEncoding,
  type PartFile,
  shareCount,
  shareOf,
  uriDigest,
  writePart,
} from '@sluice/dataset'
import { throwIfAborted } from '../errors.ts'
import type { PartitionSummary, RowSource } from './row-source.ts'

export interface ExporterOptions {
  readonly rows: RowSource
  /** Folder that the parts are written to. */
  readonly directory: string
  readonly encoding?: FieldEncoding
  /** Planned upper size of a part in bytes. Default: that of `@sluice/dataset`, 256 MiB. */
  readonly maxFileBytes?: number
}

export interface ExportedPartition {
  /** The parts in order; a share without rows has none. */
  readonly parts: readonly PartFile[]
  /** SHA-256 over all rows in digest order, hex. */
  readonly contentHash: string
  /** Rows whose digest is among `Stored.digests`. */
  readonly known: number
  /** URI digests (hex) of the rows written; collected only when `Stored` is given. */
  readonly digests: readonly string[]
  /** Rows left out because their URI came twice; of those the newest is kept. */
  readonly duplicates: number
  /** Rows that the file format cannot hold (more than 32 MiB of content, text that is no Unicode); told, not stored. */
  readonly refused: number
}

/** What other files hold already. */
interface Stored {
  /** URI digests, hex. */
  readonly digests: ReadonlySet<string>
  /** Whether these rows are left out. They are part of the content hash all the same. */
  readonly skip: boolean
}

export interface Exporter {
  /**
   * Writes one partition as content-addressed Parquet parts: same rows, same bytes, same names.
   * @throws StorageError `DATABASE_*`, `ABORTED`; DatasetError `NO_SPACE`, `IO`, `NOT_SORTED`
   */
  exportPartition(partition: PartitionSummary, signal?: AbortSignal, stored?: Stored): Promise<ExportedPartition>
  /** The content hash alone, nothing written. */
  hashPartition(partition: PartitionSummary, signal?: AbortSignal): Promise<string>
}

export function createExporter({ rows, directory, encoding, maxFileBytes }: ExporterOptions): Exporter {
  return {
    async exportPartition(partition, signal, stored) {
      const { source, hour } = partition
      const of = shareCount(partition.bytes, maxFileBytes)
      const reading = createReading(rows.rows(partition), signal, stored)
      const parts: PartFile[] = []
      try {
        for (let row = await reading.peek(); row !== null; row = await reading.peek()) {
          const share = of === 1 ? 0 : shareOf(uriDigest(row.uri), of)
          const options = { directory, source, hour, part: share + 1, of, rows: reading.share(share, of) }
          parts.push(
            await writePart({
              ...options,
              ...(encoding === undefined ? {} : { encoding }),
              ...(signal === undefined ? {} : { signal }),
            }),
          )
        }
      } finally {
        await reading.close()
      }
      return { parts, contentHash: reading.hash(), digests: reading.digests, ...reading.counts }
    },
    async hashPartition(partition, signal) {
      const reading = createReading(rows.rows(partition), signal)
      try {
        while ((await reading.next()) !== null);
      } finally {
        await reading.close()
      }
      return reading.hash()
    },
  }
}

interface Reading {
  peek(): Promise<DataRow | null>
  next(): Promise<DataRow | null>
  share(share: number, of: number): AsyncGenerator<DataRow>
  hash(): string
  readonly counts: { readonly duplicates: number; readonly refused: number; readonly known: number }
  readonly digests: readonly string[]
  close(): Promise<void>
}

/** One pass over sorted rows: hashes them, drops repeated URIs, hands them out share by share. */
function createReading(
  source: Iterable<DataRow> | AsyncIterable<DataRow>,
  signal?: AbortSignal,
  stored?: Stored,
): Reading {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  const content = createHash('sha256')
  const counts = { duplicates: 0, refused: 0, known: 0 }
  const digests: string[] = []
  let count = 0
  let ahead: DataRow | null | undefined

  async function raw(): Promise<DataRow | null> {
    for (;;) {
      if (++count % 1024 === 0) throwIfAborted(signal)
      const result = await iterator.next()
      if (result.done === true) return null
      if (isStorable(result.value)) return result.value
      counts.refused++
    }
  }

  async function take(): Promise<DataRow | null> {
    let row = ahead === undefined ? await raw() : ahead
    if (row === null) return null
    for (;;) {
      ahead = await raw()
      if (ahead === null || ahead.uri !== row.uri) break
      counts.duplicates++
      if (isNewer(ahead, row)) row = ahead
    }
    content.update(JSON.stringify([row.uri, row.datetime, row.label, row.content.byteLength]))
    content.update(row.content)
    return row
  }

  let held: DataRow | null | undefined
  async function peek(): Promise<DataRow | null> {
    while (held === undefined) {
      const row = await take()
      if (row === null || stored === undefined) return (held = row)
      const digest = Buffer.from(uriDigest(row.uri)).toString('hex')
      if (stored.digests.has(digest)) {
        counts.known++
        if (stored.skip) continue
      }
      digests.push(digest)
      held = row
    }
    return held
  }
  async function next(): Promise<DataRow | null> {
    const row = await peek()
    if (row !== null) held = undefined
    return row
  }

  return {
    peek,
    next,
    async *share(share, of) {
      for (let row = await peek(); row !== null; row = await peek()) {
        if (of > 1 && shareOf(uriDigest(row.uri), of) !== share) return
        held = undefined
        yield row
      }
    },
    hash: () => content.digest('hex'),
    counts,
    digests,
    async close() {
      await iterator.return?.()
    },
  }
}

/** Limit of `@sluice/dataset` for one row. */
const maxContentBytes = 32 * 1024 * 1024
const loneSurrogate = /\p{Surrogate}/u

function isStorable({ uri, datetime, label, content }: DataRow): boolean {
  return content.byteLength <= maxContentBytes && ![uri, datetime, label ?? ''].some((text) => loneSurrogate.test(text))
}

/** Any fixed rule would do, so that the same rows give the same file: the later date, then the greater content. */
function isNewer(candidate: DataRow, kept: DataRow): boolean {
  if (candidate.datetime !== kept.datetime) return candidate.datetime > kept.datetime
  return Buffer.compare(candidate.content, kept.content) > 0
}
