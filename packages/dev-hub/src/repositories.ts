import { createHash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

import { HubRefusal } from './refusal.ts'

export type RepositoryKind = 'models' | 'datasets' | 'spaces'

const metaShape = z.object({ private: z.boolean(), createdAt: z.string() })

/** A file in a commit. */
export interface FileEntry {
  readonly path: string
  /** Git blob id, of the pointer when it is an LFS file. */
  readonly oid: string
  readonly size: number
  /** `oid` is the SHA-256 of the content. */
  readonly lfs?: { readonly oid: string; readonly pointerSize: number } | undefined
}

/** One commit as kept on disk, a line of `commits.ndjson`: the difference to its predecessor. */
export interface Commit {
  readonly id: string
  readonly title: string
  readonly message: string
  readonly author: string
  readonly date: string
  readonly set: readonly FileEntry[]
  readonly removed: readonly string[]
}

const entryShape: z.ZodType<FileEntry> = z.object({
  path: z.string(),
  oid: z.string(),
  size: z.number(),
  lfs: z.object({ oid: z.string(), pointerSize: z.number() }).optional(),
})
const commitShape: z.ZodType<Commit> = z.object({
  id: z.string(),
  title: z.string(),
  message: z.string(),
  author: z.string(),
  date: z.string(),
  set: z.array(entryShape),
  removed: z.array(z.string()),
})

export interface Repository {
  readonly kind: RepositoryKind
  /** `namespace/name`. */
  readonly id: string
  readonly private: boolean
  readonly createdAt: string
  readonly directory: string
  /** Oldest first; never empty. */
  commits: Commit[]
  /** Files at the head of `main`. */
  files: Map<string, FileEntry>
}

export interface RepositoryStore {
  find(kind: RepositoryKind, id: string): Repository | null
  create(kind: RepositoryKind, id: string, options: { private: boolean; author: string; date: string }): Repository
  remove(repository: Repository): void
  /** Appends to `main`; synchronous, so commits never interleave. */
  commit(repository: Repository, change: Omit<Commit, 'id'>): Commit
  /** Replaces the history of `main` by one commit. */
  squash(repository: Repository, change: Pick<Commit, 'title' | 'message' | 'author' | 'date'>): Commit
}

/** Repositories under one directory: `{kind}/{namespace}/{name}/{repository.json,commits.ndjson,lfs/,git/}`. */
export function createRepositoryStore(directory: string): RepositoryStore {
  const loaded = new Map<string, Repository>()
  for (const kind of ['models', 'datasets', 'spaces'] as const) {
    for (const namespace of foldersOf(join(directory, kind))) {
      for (const name of foldersOf(join(directory, kind, namespace))) {
        const folder = join(directory, kind, namespace, name)
        if (existsSync(join(folder, 'repository.json'))) {
          loaded.set(`${kind}/${namespace}/${name}`, load(kind, `${namespace}/${name}`, folder))
        }
      }
    }
  }
  return {
    find: (kind, id) => loaded.get(`${kind}/${id}`) ?? null,
    create(kind, id, options) {
      if (!/^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95}$/.test(id) || id.includes('..') || id.includes('--')) {
        throw new HubRefusal(400, `"${id}" is not a valid repository name`)
      }
      const folder = join(directory, kind, id)
      rmSync(folder, { recursive: true, force: true }) // what a killed process left of a creation
      mkdirSync(join(folder, 'lfs'), { recursive: true })
      mkdirSync(join(folder, 'git'), { recursive: true })
      const meta = { private: options.private, createdAt: options.date }
      const repository: Repository = { kind, id, ...meta, directory: folder, commits: [], files: new Map() }
      const attributes = writeBlob(
        repository,
        '.gitattributes',
        Buffer.from('*.parquet filter=lfs diff=lfs merge=lfs -text\n'),
      )
      const { author, date } = options
      append(repository, { title: 'initial commit', message: '', author, date, set: [attributes], removed: [] })
      writeFileSync(join(folder, 'repository.json'), JSON.stringify(meta))
      loaded.set(`${kind}/${id}`, repository)
      return repository
    },
    remove(repository) {
      loaded.delete(`${repository.kind}/${repository.id}`)
      rmSync(repository.directory, { recursive: true, force: true })
    },
    commit: append,
    squash(repository, change) {
      const commit = seal(null, { ...change, set: [...repository.files.values()], removed: [] })
      const path = join(repository.directory, 'commits.ndjson')
      replaceFile(path, `${JSON.stringify(commit)}\n`)
      repository.commits = [commit]
      return commit
    },
  }
}

function foldersOf(path: string): string[] {
  if (!existsSync(path)) return []
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}

function load(kind: RepositoryKind, id: string, directory: string): Repository {
  const meta = metaShape.parse(JSON.parse(readFileSync(join(directory, 'repository.json'), 'utf8')))
  const path = join(directory, 'commits.ndjson')
  const lines = readFileSync(path, 'utf8').split('\n')
  // A line that a killed process did not finish is cut off: that commit was never answered.
  if (lines.pop() !== '') replaceFile(path, lines.map((line) => `${line}\n`).join(''))
  const commits = lines.map((line) => commitShape.parse(JSON.parse(line)))
  return { kind, id, ...meta, directory, commits, files: replay(commits) }
}

function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

function append(repository: Repository, change: Omit<Commit, 'id'>): Commit {
  const commit = seal(repository.commits.at(-1)?.id ?? null, change)
  appendFileSync(join(repository.directory, 'commits.ndjson'), `${JSON.stringify(commit)}\n`)
  repository.commits.push(commit)
  apply(repository.files, commit)
  return commit
}

function seal(parent: string | null, change: Omit<Commit, 'id'>): Commit {
  const id = createHash('sha1')
    .update(JSON.stringify([parent, change]))
    .digest('hex')
  return { id, ...change }
}

function apply(files: Map<string, FileEntry>, commit: Commit): void {
  for (const path of commit.removed) files.delete(path)
  for (const entry of commit.set) files.set(entry.path, entry)
}

function replay(commits: readonly Commit[]): Map<string, FileEntry> {
  const files = new Map<string, FileEntry>()
  for (const commit of commits) apply(files, commit)
  return files
}

/** A revision with its files; 404 `RevisionNotFound` when there is none of that name. */
export function atRevision(
  repository: Repository,
  revision: string,
): { commits: Commit[]; files: Map<string, FileEntry> } {
  if (['main', 'refs/heads/main', repository.commits.at(-1)?.id].includes(revision)) return repository
  const index = repository.commits.findIndex((commit) => commit.id === revision)
  if (index < 0) throw new HubRefusal(404, `Invalid rev id: ${revision}`, { code: 'RevisionNotFound' })
  const commits = repository.commits.slice(0, index + 1)
  return { commits, files: replay(commits) }
}

/** Stores a small file under its git blob id: sha1 of `blob {size}\0{content}`. */
export function writeBlob(repository: Repository, path: string, content: Uint8Array): FileEntry {
  const oid = gitBlobId(content)
  writeFileSync(join(repository.directory, 'git', oid), content)
  return { path, oid, size: content.length }
}

/** The entry of an LFS file; its git blob is the pointer text. */
export function lfsEntry(path: string, oid: string, size: number): FileEntry {
  const pointer = lfsPointer(oid, size)
  return { path, oid: gitBlobId(Buffer.from(pointer)), size, lfs: { oid, pointerSize: pointer.length } }
}

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
export function lfsPointer(oid: string, size: number): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`
}

function gitBlobId(content: Uint8Array): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
}
