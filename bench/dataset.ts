// How fast `writePart` turns a miner's rows into Parquet, beside reading and JSON.parse of the same rows alone.
// Usage: pnpm bench:dataset [--rows 200000] [--repeat 3] [--json]
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFieldEncoding, uriDigest, writePart } from '../packages/dataset/src/index.ts'
import type { DataRow, FieldEncoding } from '../packages/dataset/src/index.ts'
import { openSqlite } from '@sluice/sqlite'
import { readFlags, wholeNumber } from '../scripts/flags.ts'

const HOUR = 480_000
const WORDS =
  'the of and to in is on for that with this market price today people think about time when will model data network mining subnet token launch build learn just like good really never always great world news open source code chain value stake validator miner reward update release'.split(
    ' ',
  )

const usage = `Usage: pnpm bench:dataset [--rows N] [--repeat N] [--json]

How fast a miner's rows become Parquet, beside reading and parsing them alone.
  --rows N    default 200000
  --repeat N  passes, of which the best counts; default 3
  --json      one more line, for programs
`
const values = readFlags(usage, {
  rows: { type: 'string', default: '200000' },
  repeat: { type: 'string', default: '3' },
  json: { type: 'boolean', default: false },
})
const rows = wholeNumber('rows', values.rows, 1)
const repeat = wholeNumber('repeat', values.repeat, 1)

/** Wall and CPU seconds (all threads) of one pass. */
interface Cost {
  readonly wall: number
  readonly cpu: number
}

const directory = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
const database = openSqlite(join(directory, 'rows.sqlite'))
let rssMb = 0
const sampler = setInterval(noteRss, 20).unref()
try {
  fill()
  const encoding = createFieldEncoding({ publicKey: `${'AQ'.repeat(21)}E=`, privateKey: `${'Ag'.repeat(21)}I=` })
  await write(null, Math.min(rows, 20_000)) // warms the compiler and loads the WebAssembly
  const parse: Cost[] = []
  const plain: Cost[] = []
  const encoded: Cost[] = []
  for (let i = 0; i < repeat; i += 1) {
    // Interleaved, so that a busy machine slows all of them alike.
    parse.push(await measure(() => parseOnly()))
    plain.push(await measure(() => write(null, rows)))
    encoded.push(await measure(() => write(encoding, rows)))
  }
  noteRss()
  report(best(parse), best(plain), best(encoded))
} finally {
  clearInterval(sampler)
  database.close()
  await rm(directory, { recursive: true, force: true })
}

function report(parse: Cost, plain: Cost, encoded: Cost): void {
  const line = (name: string, { wall, cpu }: Cost): void =>
    console.log(
      `${name.padEnd(24)} ${round(rows / wall).padStart(8)} rows/s ${round(rows / cpu).padStart(8)} rows/CPU-s`,
    )
  console.log(`${rows} tweets from SQLite, best of ${repeat}`)
  line('read and JSON.parse', parse)
  line('writePart', plain)
  line('writePart, encoded', encoded)
  console.log(`largest RSS ${Math.round(rssMb)} MB`)
  if (!values.json) return
  console.log(
    JSON.stringify({
      rows_per_s: Math.round(rows / plain.wall),
      rows_per_cpu_s: Math.round(rows / plain.cpu),
      encoded_rows_per_s: Math.round(rows / encoded.wall),
      encoded_rows_per_cpu_s: Math.round(rows / encoded.cpu),
      rss_mb: Math.round(rssMb),
      vs_json_parse: Math.round((parse.cpu / plain.cpu) * 1000) / 1000,
    }),
  )
}

function round(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function best(costs: readonly Cost[]): Cost {
  return { wall: Math.min(...costs.map((cost) => cost.wall)), cpu: Math.min(...costs.map((cost) => cost.cpu)) }
}

async function measure(work: () => unknown): Promise<Cost> {
  const start = performance.now()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 }
}

function noteRss(): void {
  rssMb = Math.max(rssMb, process.memoryUsage.rss() / 2 ** 20)
}

/** Rows in the order of their digest, as an export reads them. */
function* read(limit: number): Generator<DataRow> {
  const select = database.prepare('SELECT uri, datetime, label, content FROM rows ORDER BY digest LIMIT ?')
  for (const record of select.iterate(limit)) {
    const { uri, datetime, label, content } = record as Pick<DataRow, 'uri' | 'datetime' | 'label' | 'content'>
    const contentSizeBytes = content.length
    yield { uri, datetime, timeBucketId: HOUR, source: 2, label, content, contentSizeBytes }
  }
}

function parseOnly(): void {
  let fields = 0
  for (const row of read(rows)) {
    const value = JSON.parse((row.content as Buffer).toString('utf8')) as Record<string, unknown>
    if (value['url'] === row.uri) fields += 1
    noteRssSometimes(fields)
  }
  if (fields !== rows) throw new Error('the rows are not those that were written')
}

async function write(encoding: FieldEncoding | null, limit: number): Promise<void> {
  const target = { directory, source: 2, hour: HOUR, part: 1, of: 1 }
  const part = await writePart({ ...target, rows: noted(read(limit)), ...(encoding ? { encoding } : {}) })
  if (part.rows !== limit) throw new Error(`${part.rows} rows were written instead of ${limit}`)
  await rm(part.path)
}

/** The timer does not run while rows are read synchronously. */
function* noted(source: Iterable<DataRow>): Generator<DataRow> {
  let count = 0
  for (const row of source) {
    noteRssSometimes((count += 1))
    yield row
  }
}

function noteRssSometimes(count: number): void {
  if (count % 2000 === 0) noteRss()
}

function fill(): void {
  database.pragma('journal_mode = OFF')
  database.exec(
    'CREATE TABLE rows (digest BLOB NOT NULL, uri TEXT NOT NULL, datetime TEXT NOT NULL, label TEXT, content BLOB NOT NULL, PRIMARY KEY (digest)) WITHOUT ROWID',
  )
  const insert = database.prepare('INSERT INTO rows VALUES (?, ?, ?, ?, ?)')
  database.transaction(() => {
    for (let i = 0; i < rows; i += 1) {
      const { digest, uri, datetime, label, content } = tweet(i)
      insert.run(digest, uri, datetime, label, content)
    }
  })()
}

/** A tweet as today's scrapers store it: about 700 bytes of JSON in 21 fields, drawn from a fixed sequence. */
function tweet(i: number): { digest: Uint8Array; uri: string; datetime: string; label: string; content: Buffer } {
  let state = Math.imul(i + 1, 2_654_435_761) >>> 0
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const user = Math.floor(random(200) ** 2 / 4) // some write often, most seldom
  const id = String(1_800_000_000_000_000_000n + BigInt(i) * 1_048_577n)
  const uri = `https://x.com/user_${user}/status/${id}`
  const time = new Date(HOUR * 3_600_000 + random(3600) * 1000).toISOString().slice(0, 19)
  const words = Array.from({ length: 12 + random(24) }, () => WORDS[random(WORDS.length)])
  const label = `#tag${random(40)}`
  const content = {
    username: `@user_${user}`,
    text: `${words.join(' ')} ${random(1e9).toString(36)} ${i % 7 === 0 ? '🚀 日本' : ''}`,
    url: uri,
    timestamp: `${time}+00:00`,
    tweet_hashtags: [label, ...Array.from({ length: random(4) }, () => `#tag${random(200)}`)],
    media: random(4) === 0 ? [`https://pbs.twimg.com/media/${random(1e9).toString(36)}.jpg`] : null,
    user_id: String(1_000_000 + user),
    user_display_name: `User Number ${user}`,
    user_verified: random(5) === 0,
    tweet_id: id,
    is_reply: random(3) === 0,
    is_quote: random(6) === 0,
    conversation_id: random(3) === 0 ? String(1_700_000_000_000_000_000n + BigInt(random(1e9))) : id,
    in_reply_to_user_id: random(3) === 0 ? String(1_000_000 + random(10_000)) : null,
    language: ['en', 'en', 'en', 'ja', 'es'][random(5)],
    like_count: Math.floor(random(100) ** 2 / 10),
    retweet_count: random(50),
    reply_count: random(20),
    quote_count: random(5),
    view_count: random(20_000),
    scraped_at: `${time}.${String(random(1e6)).padStart(6, '0')}+00:00`,
  }
  return {
    digest: uriDigest(uri),
    uri,
    datetime: `${time.replace('T', ' ')}+00:00`,
    label,
    content: Buffer.from(JSON.stringify(content)),
  }
}
