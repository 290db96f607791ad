import { createHash } from 'node:crypto'
import { z } from 'zod'

import { type Exchange, parseJson, readText, sendJson } from './exchange.ts'
import { HubRefusal } from './refusal.ts'
import { atRevision, type Commit, type FileEntry, type Repository } from './repositories.ts'

/** `GET /api/{repo}` and `/revision/{rev}`. */
export function info(exchange: Exchange, repository: Repository, revision: string): void {
  const { commits, files } = atRevision(repository, revision)
  const head = commits.at(-1) as Commit
  sendJson(exchange, {
    _id: createHash('sha1').update(`${repository.kind}/${repository.id}`).digest('hex').slice(0, 24),
    id: repository.id,
    author: repository.id.split('/')[0],
    sha: head.id,
    private: repository.private,
    gated: false,
    disabled: false,
    downloads: 0,
    likes: 0,
    tags: [],
    createdAt: repository.createdAt,
    lastModified: head.date,
    siblings: [...files.keys()].sort().map((rfilename) => ({ rfilename })),
  })
}

/** `GET /api/{repo}/tree/{rev}[/{path}]`: pages in path order, `Link` to the next one. */
export function tree(
  exchange: Exchange,
  repository: Repository,
  revision: string,
  path: string,
  pageSize: number,
): void {
  const query = exchange.url.searchParams
  const at = atRevision(repository, revision)
  const recursive = flag(query.get('recursive'))
  const prefix = path === '' ? '' : `${path}/`
  const entries = new Map<string, object>()
  for (const file of at.files.values()) {
    if (!file.path.startsWith(prefix)) continue
    const parts = file.path.slice(prefix.length).split('/')
    for (let depth = 1; depth < (recursive ? parts.length : Math.min(2, parts.length)); depth += 1) {
      const folder = prefix + parts.slice(0, depth).join('/')
      if (!entries.has(folder)) entries.set(folder, directoryEntry(folder))
    }
    if (recursive || parts.length === 1) entries.set(file.path, fileEntry(file))
  }
  if (entries.size === 0 && path !== '') {
    throw new HubRefusal(404, `${path} does not exist on "${revision}"`, { code: 'EntryNotFound' })
  }
  const after = query.has('cursor') ? Buffer.from(query.get('cursor') ?? '', 'base64url').toString('utf8') : ''
  const wanted = clamp(query.get('limit'), pageSize)
  const rest = [...entries.keys()].sort().filter((key) => key > after)
  const page = rest.slice(0, wanted)
  const expand = flag(query.get('expand'))
  const body = page.map((key) => ({
    ...entries.get(key),
    ...(expand ? { lastCommit: lastCommit(at.commits, key) } : {}),
  }))
  sendJson(
    exchange,
    body,
    200,
    nextLink(exchange, rest.length > page.length, 'cursor', () => Buffer.from(page.at(-1) ?? '').toString('base64url')),
  )
}

/** `POST /api/{repo}/paths-info/{rev}`, JSON (JavaScript client) or form (Python client). */
export async function pathsInfo(exchange: Exchange, repository: Repository, revision: string): Promise<void> {
  const text = await readText(exchange)
  const request = (exchange.request.headers['content-type'] ?? '').includes('application/x-www-form-urlencoded')
    ? { paths: new URLSearchParams(text).getAll('paths'), expand: flag(new URLSearchParams(text).get('expand')) }
    : parseJson(text, z.object({ paths: z.array(z.string()).max(2000), expand: z.boolean().nullish() }))
  const { commits, files } = atRevision(repository, revision)
  const found: object[] = []
  for (const path of request.paths) {
    const file = files.get(path)
    const isFolder = file === undefined && [...files.keys()].some((key) => key.startsWith(`${path}/`))
    if (file === undefined && !isFolder) continue
    const entry = file === undefined ? directoryEntry(path) : fileEntry(file)
    found.push(request.expand === true ? { ...entry, lastCommit: lastCommit(commits, path) } : entry)
  }
  sendJson(exchange, found)
}

/** `GET /api/{repo}/commits/{rev}`: newest first, `X-Total-Count`, `Link`. */
export function commits(exchange: Exchange, repository: Repository, revision: string): void {
  const query = exchange.url.searchParams
  const all = atRevision(repository, revision).commits.toReversed()
  const limit = clamp(query.get('limit'), 50)
  const page = Math.max(0, Number.parseInt(query.get('p') ?? '0', 10) || 0)
  const body = all.slice(page * limit, (page + 1) * limit).map(({ id, title, message, author, date }) => ({
    id,
    title,
    message,
    date,
    authors: [{ user: author, avatar: '' }],
  }))
  const next = nextLink(exchange, all.length > (page + 1) * limit, 'p', () => String(page + 1))
  sendJson(exchange, body, 200, { 'X-Total-Count': String(all.length), ...next })
}

/** `GET /api/{repo}/refs`. */
export function refs(exchange: Exchange, repository: Repository): void {
  const targetCommit = (repository.commits.at(-1) as Commit).id
  sendJson(exchange, { branches: [{ name: 'main', ref: 'refs/heads/main', targetCommit }], converts: [], tags: [] })
}

function fileEntry(file: FileEntry): object {
  const { path, oid, size } = file
  const lfs = file.lfs && { oid: file.lfs.oid, size, pointerSize: file.lfs.pointerSize }
  return { type: 'file', oid, size, path, ...(lfs ? { lfs } : {}) }
}

function directoryEntry(path: string): object {
  return { type: 'directory', oid: createHash('sha1').update(`tree ${path}`).digest('hex'), size: 0, path }
}

function lastCommit(commits: readonly Commit[], path: string): object {
  const touched = (commit: Commit): boolean =>
    commit.set.some((entry) => entry.path === path || entry.path.startsWith(`${path}/`))
  const { id, title, date } = (commits.findLast(touched) ?? commits.at(-1)) as Commit
  return { id, title, date }
}

/** The clients follow absolute links only. */
function nextLink(exchange: Exchange, more: boolean, name: string, value: () => string): Record<string, string> {
  if (!more) return {}
  const next = new URL(exchange.url)
  next.searchParams.set(name, value())
  return { Link: `<${next.href}>; rel="next"` }
}

function flag(value: string | null): boolean {
  return value !== null && ['true', '1', ''].includes(value.toLowerCase())
}

function clamp(value: string | null, most: number): number {
  const wanted = Number.parseInt(value ?? '', 10)
  return wanted > 0 ? Math.min(wanted, 1000) : most
}
