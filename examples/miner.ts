// A miner that embeds Sluice: it scrapes into its SQLite database as before, and stores what is new after each round.
//
//   tsx examples/miner.ts --wallet miner-0 --db miner.sqlite --state sluice.sqlite --rounds 3
//
// The policy on chain decides in each round where the rows go. Killed at any moment, the next start goes on.
import { randomUUID } from 'node:crypto'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { loadHotkey } from '@sluice/chain'
import { openSqlite, type SqliteDatabase } from '@sluice/sqlite'
import { createStorageFromConfig } from '@sluice/storage'
import { readSettings } from './settings.ts'

const { values: flags } = parseArgs({
  options: {
    wallet: { type: 'string', default: 'default' },
    db: { type: 'string', default: 'miner.sqlite' },
    state: { type: 'string', default: 'sluice.sqlite' },
    rounds: { type: 'string', default: 'Infinity' },
    seconds: { type: 'string', default: '60' },
  },
})
const settings = readSettings()
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())

const database = openTable(flags.db)
const storage = await createStorageFromConfig({
  netuid: settings.netuid,
  chain: settings.endpoint === undefined ? { network: 'finney' } : { endpoints: [settings.endpoint] },
  hotkey: await loadHotkey({ walletPath: settings.walletPath, walletName: flags.wallet, hotkeyName: 'default' }),
  dbPath: flags.db,
  stateFile: flags.state,
  huggingFace: { token: settings.hubToken, hubUrl: settings.hubUrl },
  trust: { allowPrivateEndpoints: settings.allowPrivateEndpoints },
})
try {
  for (let round = 1; round <= Number(flags.rounds) && !stop.signal.aborted; round++) {
    if (round > 1) await pause(Number(flags.seconds) * 1000, undefined, { signal: stop.signal })
    scrape(database)
    const { plan, copies, complete, failedAttempts } = await storage.uploadData({ signal: stop.signal })
    const rows = copies.map((copy) => `${copy.rows ?? 0} rows to ${copy.backend}`)
    console.log(`round ${round}: ${rows.join(', ') || 'nothing new'}; ${complete ? 'complete' : 'not complete yet'}`)
    console.log(`  ${plan.reason}`)
    // What failed is kept and tried again by the next round; here it is only told.
    for (const { backend, code, message } of failedAttempts) console.warn(`  ${backend ?? 'here'} ${code}: ${message}`)
  }
} catch (error) {
  if (!stop.signal.aborted) throw error
} finally {
  await storage.close()
  database.close()
}

/** The table of Data Universe; another one can be given to `createStorageFromConfig` as `rows`. */
function openTable(path: string): SqliteDatabase {
  const opened = openSqlite(path)
  opened.pragma('journal_mode = WAL')
  opened.exec(`CREATE TABLE IF NOT EXISTS DataEntity (uri TEXT PRIMARY KEY, datetime TIMESTAMP(6), timeBucketId INT,
    source INT, label CHAR(32), content BLOB, contentSizeBytes INT) WITHOUT ROWID`)
  return opened
}

/** Stands for the miner's scraper: ten posts of this hour. */
function scrape(into: SqliteDatabase): void {
  const now = new Date()
  const insert = into.prepare('INSERT INTO DataEntity VALUES (?, ?, ?, 2, ?, ?, ?)')
  for (let count = 0; count < 10; count++) {
    const url = `https://x.com/example/status/${randomUUID()}`
    const content = Buffer.from(JSON.stringify({ username: '@example', text: 'hello', url, tweet_hashtags: ['#tao'] }))
    const hour = Math.floor(now.getTime() / 3_600_000)
    insert.run(url, now.toISOString().replace('T', ' ').replace('Z', '+00:00'), hour, '#tao', content, content.length)
  }
}
