import { existsSync, statSync } from 'node:fs'
import { z } from 'zod'

import { bodyOf, type Exchange, parseJson, sendJson } from './exchange.ts'
import { lfsPath } from './lfs.ts'
import { HubRefusal } from './refusal.ts'
import {
  type Commit,
  type FileEntry,
  lfsEntry,
  type Repository,
  type RepositoryStore,
  writeBlob,
} from './repositories.ts'

/** Largest line of a commit: a regular file of 10 MiB in base64, with room. */
const LINE_LIMIT = 16 << 20

const pathShape = z.object({ path: z.string() })
const lineShape = z.discriminatedUnion('key', [
  z.object({
    key: z.literal('header'),
    value: z.object({
      summary: z.string().min(1),
      description: z.string().nullish(),
      parentCommit: z.string().nullish(),
    }),
  }),
  z.object({
    key: z.literal('file'),
    value: pathShape.extend({ content: z.string(), encoding: z.enum(['base64', 'utf-8']).default('utf-8') }),
  }),
  z.object({
    key: z.literal('lfsFile'),
    value: pathShape.extend({
      algo: z.literal('sha256').default('sha256'),
      oid: z.string().regex(/^[0-9a-f]{64}$/),
      size: z.int().nonnegative().optional(),
    }),
  }),
  z.object({ key: z.literal('deletedFile'), value: pathShape }),
  z.object({ key: z.literal('deletedFolder'), value: pathShape }),
])
type Line = z.infer<typeof lineShape>

export interface CommitContext {
  readonly store: RepositoryStore
  readonly repository: Repository
  readonly author: string
  readonly date: string
  readonly hubUrl: string
}

/** `POST /api/{repo}/commit/main`: NDJSON, one operation per line; 412 when `parentCommit` is not the head. */
export async function commit(exchange: Exchange, context: CommitContext): Promise<void> {
  const { repository } = context
  let header: Extract<Line, { key: 'header' }>['value'] | null = null
  const set = new Map<string, FileEntry>()
  const removed = new Set<string>()
  for await (const text of lines(exchange)) {
    const line = parseJson(text, lineShape)
    if (line.key === 'header') {
      if (header !== null) throw new HubRefusal(400, 'a commit has one header')
      header = line.value
      continue
    }
    if (header === null) throw new HubRefusal(400, 'the first line of a commit is its header')
    const path = checkPath(line.value.path)
    if (line.key === 'file')
      set.set(path, writeBlob(repository, path, Buffer.from(line.value.content, line.value.encoding)))
    else if (line.key === 'lfsFile') set.set(path, storedLfs(repository, path, line.value.oid, line.value.size))
    else if (line.key === 'deletedFile') removed.add(path)
    else for (const known of repository.files.keys()) if (known.startsWith(`${path}/`)) removed.add(known)
  }
  if (header === null) throw new HubRefusal(400, 'a commit needs a header')
  // From here to the append nothing is awaited, so two commits cannot pass this check together.
  const head = repository.commits.at(-1) as Commit
  if (header.parentCommit && header.parentCommit !== head.id) {
    throw new HubRefusal(412, 'The branch was updated since you opened this page. Please refresh and try again.')
  }
  for (const path of removed) {
    if (!repository.files.has(path)) throw new HubRefusal(400, `Entry not found: ${path}`, { code: 'EntryNotFound' })
  }
  refuseClashes(repository, set, removed)
  const made = context.store.commit(repository, {
    title: header.summary,
    message: header.description ?? '',
    author: context.author,
    date: context.date,
    set: [...set.values()],
    removed: [...removed],
  })
  const prefix = repository.kind === 'models' ? '' : `${repository.kind}/`
  const commitUrl = `${context.hubUrl}/${prefix}${repository.id}/commit/${made.id}`
  sendJson(exchange, { success: true, commitOid: made.id, commitUrl, hookOutput: '' })
}

/** Paths that git or a browser could misread are refused, as on the real hub. */
export function checkPath(path: string): string {
  const clean = path.replace(/\/$/, '')
  const bad = clean.split('/').some((part) => part === '' || part === '.' || part === '..' || part === '.git')
  // oxlint-disable-next-line no-control-regex
  if (bad || /[\x00-\x1f\x7f\\]/.test(clean)) throw new HubRefusal(400, `invalid path: ${JSON.stringify(path)}`)
  return clean
}

/** In git a path is a file or a folder, never both. */
function refuseClashes(
  repository: Repository,
  set: ReadonlyMap<string, FileEntry>,
  removed: ReadonlySet<string>,
): void {
  const kept = [...repository.files.keys()].filter((path) => !removed.has(path))
  const after = new Set([...kept, ...set.keys()])
  const changed = new Set(set.keys())
  for (const path of after) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end)
      if (after.has(folder) && (changed.has(folder) || changed.has(path))) {
        throw new HubRefusal(400, `${folder} would be a file and a folder`)
      }
    }
  }
}

function storedLfs(repository: Repository, path: string, oid: string, size: number | undefined): FileEntry {
  const file = lfsPath(repository, oid)
  const stored = existsSync(file) ? statSync(file).size : null
  if (stored === null || (size !== undefined && size !== stored)) {
    throw new HubRefusal(400, `LFS pointer pointed to a file that does not exist: ${path}`)
  }
  return lfsEntry(path, oid, stored)
}

async function* lines(exchange: Exchange): AsyncGenerator<string> {
  let pieces: Buffer[] = []
  let bytes = 0
  for await (const chunk of bodyOf(exchange)) {
    let rest = chunk as Buffer
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...pieces, rest.subarray(0, end)]).toString('utf8')
      pieces = []
      bytes = 0
      rest = rest.subarray(end + 1)
      if (line.trim() !== '') yield line
    }
    pieces.push(rest)
    bytes += rest.length
    if (bytes > LINE_LIMIT) throw new HubRefusal(413, `a regular file is larger than ${LINE_LIMIT} bytes: use LFS`)
  }
  const last = Buffer.concat(pieces).toString('utf8')
  if (last.trim() !== '') yield last
}
