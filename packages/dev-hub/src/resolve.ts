import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import { type Exchange, pace, send, startReply } from './exchange.ts'
import { lfsPath } from './lfs.ts'
import type { Links } from './links.ts'
import { HubRefusal } from './refusal.ts'
import { atRevision, type Commit, lfsPointer, type Repository } from './repositories.ts'

/** `GET|HEAD /{repo}/resolve|raw/{rev}/{path}`: small files directly, LFS files by a redirect to the second origin. */
export async function resolve(
  exchange: Exchange,
  repository: Repository,
  target: { readonly revision: string; readonly path: string; readonly raw: boolean },
  second: { readonly links: Links; readonly cdnUrl: string },
): Promise<void> {
  const { commits, files } = atRevision(repository, target.revision)
  const head = { 'X-Repo-Commit': (commits.at(-1) as Commit).id, 'Accept-Ranges': 'bytes' }
  const file = files.get(target.path)
  if (file === undefined) throw new HubRefusal(404, 'Entry not found', { code: 'EntryNotFound', headers: head })
  const etag = { ETag: `"${file.oid}"` }
  if (file.lfs === undefined) {
    return serveFile(exchange, join(repository.directory, 'git', file.oid), { ...head, ...etag })
  }
  if (target.raw) {
    return send(exchange, 200, { ...head, ...etag, 'Content-Type': 'text/plain' }, lfsPointer(file.lfs.oid, file.size))
  }
  const path = `/object/${repository.kind}/${repository.id}/${file.lfs.oid}`
  const location = second.links.sign(second.cdnUrl, 'GET', path)
  const linked = { 'X-Linked-Size': String(file.size), 'X-Linked-ETag': `"${file.lfs.oid}"` }
  send(
    exchange,
    302,
    { ...head, ...linked, Location: location, 'Content-Type': 'text/plain' },
    `Found. Redirecting to ${location}`,
  )
}

/** Serves an LFS object on the second origin. */
export async function serveObject(exchange: Exchange, repository: Repository, oid: string): Promise<void> {
  await serveFile(exchange, lfsPath(repository, oid), { ETag: `"${oid}"`, 'Accept-Ranges': 'bytes' })
}

async function serveFile(exchange: Exchange, path: string, headers: Record<string, string>): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found === null) throw new HubRefusal(404, 'NoSuchKey')
  const range = parseRange(exchange.request.headers.range, found.size)
  const { start, end } = range ?? { start: 0, end: found.size - 1 }
  const partial = range === null ? {} : { 'Content-Range': `bytes ${start}-${end}/${found.size}` }
  const all = {
    ...headers,
    ...partial,
    'Content-Type': 'application/octet-stream',
    'Content-Length': String(end - start + 1),
  }
  if (!startReply(exchange, range === null ? 200 : 206, all)) return
  if (exchange.request.method === 'HEAD' || end < start) {
    exchange.response.end()
    return
  }
  const source = createReadStream(path, { start, end })
  if (exchange.chunkDelayMs > 0) await pipeline(source, pace(exchange.chunkDelayMs), exchange.response)
  else await pipeline(source, exchange.response)
}

/** RFC 9110 section 14.2, one range only; several ranges or another unit are ignored, as the RFC allows. */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return null
  const suffix = match[1] === ''
  const start = suffix ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const end = suffix || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (start >= size || start > end) {
    throw new HubRefusal(416, 'Requested Range Not Satisfiable', { headers: { 'Content-Range': `bytes */${size}` } })
  }
  return { start, end }
}
