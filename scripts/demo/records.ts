import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** A real, public text that somebody wrote: what a miner would have scraped. */
export interface RealRecord {
  readonly uri: string
  readonly author: string
  readonly title: string
  readonly body: string
  /** When it was written. */
  readonly writtenAt: Date
}

/** Enough for a demo of seconds, few enough for its two minutes. */
const most = 24_000

/**
 * Real records of this machine: Debian's changelogs, or the git history of the checkout where there are none.
 * Both are public texts with an author, a date and a stable name.
 */
export function realRecords(checkout: string): { records: RealRecord[]; from: string } {
  const changelogs = debianChangelogs('/usr/share/doc')
  if (changelogs.length >= 100) return { records: changelogs, from: 'Debian changelogs under /usr/share/doc' }
  return { records: gitHistory(checkout), from: 'the git history of this checkout' }
}

function debianChangelogs(folder: string): RealRecord[] {
  const records = new Map<string, RealRecord>()
  for (const name of listFolder(folder)) {
    for (const file of ['changelog.Debian.gz', 'changelog.gz']) {
      const text = readGzip(join(folder, name, file))
      if (text !== null) for (const record of parseChangelog(text)) records.set(record.uri, record)
      if (records.size >= most) return [...records.values()].slice(0, most)
    }
  }
  return [...records.values()]
}

/** Entries of the format of deb-changelog(5); anything else in the file yields nothing. */
function parseChangelog(text: string): RealRecord[] {
  const entry = /^([a-z0-9][a-z0-9+.-]*) \(([^)\s]+)\) [^\n]*\n(.*?)\n -- ([^<\n]+?) <[^>\n]*> {2}([^\n]+)$/gms
  const records: RealRecord[] = []
  for (const [, source, version, changes, author, date] of text.matchAll(entry)) {
    const writtenAt = new Date(date ?? '')
    if (!source || !version || !changes || !author || Number.isNaN(writtenAt.getTime())) continue
    records.push({
      uri: `https://tracker.debian.org/media/packages/${source}/${encodeURIComponent(version)}`,
      author,
      title: `${source} ${version}`,
      body: changes.trim(),
      writtenAt,
    })
  }
  return records
}

function gitHistory(checkout: string): RealRecord[] {
  const log = execFileSync('git', ['log', '--format=%H%x1f%an%x1f%aI%x1f%s%x1f%b%x1e'], {
    cwd: checkout,
    encoding: 'utf8',
    maxBuffer: 256 << 20,
  })
  return log
    .split('\x1e')
    .map((commit) => commit.trim().split('\x1f'))
    .flatMap(([hash, author, date, title, body]) =>
      hash && author && date && title
        ? [{ uri: `git:${hash}`, author, title, body: body ? body : title, writtenAt: new Date(date) }]
        : [],
    )
    .slice(0, most)
}

/** Which of `parties` gets the record: stable, even, independent of the order of files. */
export function shareOfRecord(record: RealRecord, parties: number): number {
  return createHash('sha256').update(record.uri).digest().readUInt32BE(0) % parties
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

function readGzip(file: string): string | null {
  try {
    return gunzipSync(readFileSync(file), { maxOutputLength: 32 << 20 }).toString('utf8')
  } catch {
    return null
  }
}
