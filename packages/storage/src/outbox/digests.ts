import type { SqliteDatabase } from '@sluice/sqlite'

/** Length of a URI digest, see `uriDigest` of `@sluice/dataset`. */
const digestBytes = 16

/** URI digests (hex) of all stored rows of the partitions that the database may be pruning, seldom more than an hour's. */
export interface DigestTable {
  get(partition: { readonly source: string; readonly hour: number }): ReadonlySet<string> | null
  put(partition: { readonly source: string; readonly hour: number }, digests: Iterable<string>): void
  /** Forgets all but those of these hours; all of them with null. */
  keepOnly(hours: { readonly from: number; readonly to: number } | null): void
}

export function createDigestTable(db: SqliteDatabase): DigestTable {
  const get = db
    .prepare<[string, number], Buffer>('SELECT digests FROM digests WHERE source = ? AND bucket = ?')
    .pluck()
  const put = db.prepare(
    'INSERT INTO digests VALUES (?, ?, ?) ON CONFLICT(source, bucket) DO UPDATE SET digests = excluded.digests',
  )
  const keepOnly = db.prepare('DELETE FROM digests WHERE bucket NOT BETWEEN ? AND ?')
  return {
    get({ source, hour }) {
      const found = get.get(source, hour)
      if (found === undefined) return null
      const digests = new Set<string>()
      for (let at = 0; at < found.length; at += digestBytes) digests.add(found.toString('hex', at, at + digestBytes))
      return digests
    },
    put({ source, hour }, digests) {
      put.run(source, hour, Buffer.from([...digests].join(''), 'hex'))
    },
    // SQLite compares infinities with integers as one expects.
    keepOnly: (hours) => void keepOnly.run(hours?.from ?? 0, hours?.to ?? -1),
  }
}
