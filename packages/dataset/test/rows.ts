import { uriDigest } from '../src/index.ts'
import type { ByteReader, DataRow } from '../src/index.ts'

export const HOUR = 480_000

/** A row as Data Universe's X scraper stores it. */
export function tweet(i: number, content: Readonly<Record<string, unknown>> = {}): DataRow {
  const uri = `https://x.com/user${i % 50}/status/${1_800_000_000_000_000_000n + BigInt(i)}`
  return row(uri, {
    username: `@user${i % 50}`,
    text: `tweet number ${i} #bittensor`,
    url: uri,
    timestamp: '2024-10-04T00:00:00+00:00',
    tweet_hashtags: i % 3 === 0 ? [] : ['#bittensor', `#tag${i % 5}`],
    ...content,
  })
}

/** A row of X with any content. */
export function row(uri: string, content: unknown, over: Partial<DataRow> = {}): DataRow {
  const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content))
  return {
    uri,
    datetime: '2024-10-04 00:12:13+00:00',
    timeBucketId: HOUR,
    source: 2,
    label: '#bittensor',
    content: bytes,
    contentSizeBytes: bytes.length,
    ...over,
  }
}

export function sortedRows(rows: readonly DataRow[]): DataRow[] {
  return rows.toSorted((a, b) => Buffer.compare(uriDigest(a.uri), uriDigest(b.uri)))
}

/** A reader over bytes that counts. */
export function bytesReader(bytes: Uint8Array): ByteReader & { readonly reads: [number, number][] } {
  const reads: [number, number][] = []
  return {
    bytes: bytes.length,
    reads,
    read(start, end) {
      reads.push([start, end])
      return Promise.resolve(bytes.subarray(start, end))
    },
  }
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const value of values) list.push(value)
  return list
}
