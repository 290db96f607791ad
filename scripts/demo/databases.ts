import { openSqlite, type SqliteDatabase } from '@sluice/sqlite'
import { createHash } from 'node:crypto'
import { type RealRecord, shareOfRecord } from './records.ts'

/** One row of Data Universe's table DataEntity. */
export interface Row {
  readonly uri: string
  readonly datetime: string
  readonly timeBucketId: number
  readonly source: number
  readonly label: string
  readonly content: Buffer
}

/** Source number of Reddit in Data Universe's `DataSource`; its content has a title, a body and a community. */
const reddit = 1
const hours = 4

/** Records as a miner would have scraped them within the last hours. */
export function rowsFromRecords(records: readonly RealRecord[], now: Date): Row[] {
  const newestHour = Math.floor(now.getTime() / 3_600_000)
  return records.map((record) => {
    const timeBucketId = newestHour - shareOfRecord(record, hours)
    const id = createHash('sha256').update(record.uri).digest('hex').slice(0, 12)
    return {
      uri: record.uri,
      datetime: new Date(timeBucketId * 3_600_000).toISOString().slice(0, 19).replace('T', ' ') + '+00:00',
      timeBucketId,
      source: reddit,
      label: 'r/debian',
      content: Buffer.from(
        JSON.stringify({
          id,
          url: record.uri,
          username: record.author,
          communityName: 'r/debian',
          title: record.title,
          body: record.body,
          createdAt: record.writtenAt.toISOString(),
          dataType: 'post',
        }),
      ),
    }
  })
}

/** The rows of a miner's own database, at most as many as the demo shows in two minutes. */
export function rowsFromDatabase(path: string, most = 40_000): Row[] {
  let database: SqliteDatabase | undefined
  try {
    database = openSqlite(path, { readonly: true, fileMustExist: true })
    return database
      .prepare('SELECT uri, datetime, timeBucketId, source, label, content FROM DataEntity LIMIT ?')
      .all(most) as Row[]
  } catch (cause) {
    const text = `${path} is not a database with Data Universe's table DataEntity (${String(cause)})`
    throw new Error(text, { cause })
  } finally {
    database?.close()
  }
}

/** Adds rows to a miner's database, which is created with Data Universe's schema when it is missing. */
export function addRows(path: string, rows: readonly Row[]): void {
  const database = openSqlite(path)
  try {
    database.pragma('journal_mode = WAL')
    database.exec(`
      CREATE TABLE IF NOT EXISTS DataEntity (uri TEXT PRIMARY KEY, datetime TIMESTAMP(6) NOT NULL,
        timeBucketId INTEGER NOT NULL, source INTEGER NOT NULL, label CHAR(32), content BLOB NOT NULL,
        contentSizeBytes INTEGER NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS data_entity_bucket_index
        ON DataEntity (timeBucketId, source, label, contentSizeBytes);`)
    const insert = database.prepare('INSERT OR REPLACE INTO DataEntity VALUES (?, ?, ?, ?, ?, ?, ?)')
    database.transaction(() => {
      for (const row of rows) {
        insert.run(row.uri, row.datetime, row.timeBucketId, row.source, row.label, row.content, row.content.length)
      }
    })()
  } finally {
    database.close()
  }
}

/** Deals the rows to miners and waves: `[wave][miner]`. The same row always goes to the same miner. */
export function deal(rows: readonly Row[], waves: number, miners: number): Row[][][] {
  const dealt = Array.from({ length: waves }, () => Array.from({ length: miners }, (): Row[] => []))
  for (const row of rows) {
    const digest = createHash('sha256').update(row.uri).digest()
    // The first wave is the history and gets half of everything.
    const wave = Math.max(0, (digest.readUInt16BE(4) % (2 * (waves - 1))) - (waves - 2))
    dealt[wave]?.[digest.readUInt16BE(8) % miners]?.push(row)
  }
  return dealt
}
