import { openSqlite } from '@sluice/sqlite'

/** The miner's database of a soak run: grows and changes between the kills. */
export interface Source {
  /** Adds so many rows, spread over all hours, so that every partition changes. */
  add(count: number): void
  /** Replaces the content of some rows of one hour. */
  touch(): void
  uris(): string[]
  close(): void
}

const firstHour = 480_000
const hours = 24

export function createSource(path: string, random: () => number): Source {
  const db = openSqlite(path)
  db.pragma('journal_mode = WAL')
  db.exec(`
    CREATE TABLE DataEntity (uri TEXT PRIMARY KEY, datetime TIMESTAMP(6), timeBucketId INT, source INT,
      label CHAR(32), content BLOB, contentSizeBytes INT) WITHOUT ROWID;
    CREATE INDEX data_entity_bucket_index ON DataEntity (timeBucketId, source, label, contentSizeBytes);`)
  const insert = db.prepare('INSERT OR REPLACE INTO DataEntity VALUES (?, ?, ?, ?, ?, ?, ?)')
  let count = 0
  let changes = 0

  function put(number: number, text: string): void {
    const hour = firstHour + (number % hours)
    const uri = `https://x.com/miner/status/${number}`
    const content = Buffer.from(JSON.stringify({ username: '@miner', text, url: uri, tweet_hashtags: ['#bittensor'] }))
    const when = `${new Date(hour * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')}+00:00`
    insert.run(
      uri,
      when,
      hour,
      number % 5 === 0 ? 1 : 2,
      number % 2 === 0 ? '#bittensor' : 'NULL',
      content,
      content.length,
    )
  }

  return {
    add(more) {
      db.transaction(() => {
        for (const end = count + more; count < end; count++) put(count, `post ${count} ${random()}`)
      })()
    },
    touch() {
      changes++
      const hour = Math.floor(random() * hours)
      db.transaction(() => {
        for (let number = hour; number < count; number += hours * 10) put(number, `post ${number}, edit ${changes}`)
      })()
    },
    uris: () => db.prepare<[], string>('SELECT uri FROM DataEntity').pluck().all(),
    close: () => void db.close(),
  }
}
