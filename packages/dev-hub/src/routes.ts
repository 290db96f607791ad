import { requireNamespace, requireReadable, requireUser, whoAmI } from './accounts.ts'
import { commits, info, pathsInfo, refs, tree } from './browse.ts'
import { commit } from './commit.ts'
import { type Exchange, sendJson, readJson } from './exchange.ts'
import { batch, completeUpload, type LfsOptions, putObject, putPart, verify } from './lfs.ts'
import type { Limiter } from './limits.ts'
import { createRepository, deleteRepository, validateYaml } from './manage.ts'
import { preupload } from './preupload.ts'
import { HubRefusal } from './refusal.ts'
import type { Repository, RepositoryKind, RepositoryStore } from './repositories.ts'
import { resolve, serveObject } from './resolve.ts'
import { z } from 'zod'

export interface Routes extends LfsOptions {
  readonly store: RepositoryStore
  readonly limiter: Limiter
  readonly pageSize: number
  readonly regularBytes: number
  readonly now: () => number
}

type Parameters = Readonly<Record<string, string>>
type Handler = (exchange: Exchange, parameters: Parameters, routes: Routes) => Promise<void> | void

const API = '/api/(?<kind>models|datasets|spaces)/(?<id>[^/]+/[^/]+)'
const GIT = '/(?:(?<kind>datasets|spaces)/)?(?<id>[^/]+/[^/]+?)'
const OBJECT = '(?<kind>models|datasets|spaces)/(?<id>[^/]+/[^/]+)/(?<oid>[0-9a-f]{64})'
const UPLOAD = '(?<upload>[0-9a-f-]{36})'

const hubRoutes: readonly [method: string, path: RegExp, handler: Handler][] = [
  ['GET', /^\/api\/whoami-v2$/, (exchange) => sendJson(exchange, whoAmI(requireUser(exchange.user)))],
  [
    'POST',
    /^\/api\/repos\/create$/,
    (exchange, _, routes) => createRepository(exchange, routes.store, routes.hubUrl, today(routes)),
  ],
  ['DELETE', /^\/api\/repos\/delete$/, (exchange, _, routes) => deleteRepository(exchange, routes.store)],
  ['POST', /^\/api\/validate-yaml$/, validateYaml],
  ['POST', new RegExp(`^/api/complete_multipart/${OBJECT}/${UPLOAD}$`), finishUpload],
  [
    'GET',
    new RegExp(`^${API}(?:/revision/(?<revision>[^/]+))?$`),
    (exchange, found, routes) => info(exchange, readable(exchange, found, routes), revisionOf(found)),
  ],
  [
    'POST',
    new RegExp(`^${API}/preupload/(?<revision>[^/]+)$`),
    (exchange, found, routes) => preupload(exchange, writable(exchange, found, routes), routes.regularBytes),
  ],
  ['POST', new RegExp(`^${API}/commit/(?<revision>[^/]+)$`), makeCommit],
  [
    'GET',
    new RegExp(`^${API}/tree/(?<revision>[^/]+)(?:/(?<path>.*))?$`),
    (exchange, found, routes) =>
      tree(exchange, readable(exchange, found, routes), revisionOf(found), found['path'] ?? '', routes.pageSize),
  ],
  [
    'POST',
    new RegExp(`^${API}/paths-info/(?<revision>[^/]+)$`),
    (exchange, found, routes) => pathsInfo(exchange, readable(exchange, found, routes), revisionOf(found)),
  ],
  [
    'GET',
    new RegExp(`^${API}/commits/(?<revision>[^/]+)$`),
    (exchange, found, routes) => commits(exchange, readable(exchange, found, routes), revisionOf(found)),
  ],
  ['GET', new RegExp(`^${API}/refs$`), (exchange, found, routes) => refs(exchange, readable(exchange, found, routes))],
  ['POST', new RegExp(`^${API}/super-squash/(?<revision>[^/]+)$`), squash],
  [
    'POST',
    new RegExp(`^${GIT}\\.git/info/lfs/objects/batch$`),
    (exchange, found, routes) => batch(exchange, writable(exchange, found, routes), routes),
  ],
  [
    'POST',
    new RegExp(`^${GIT}\\.git/info/lfs/objects/verify$`),
    (exchange, found, routes) => verify(exchange, writable(exchange, found, routes)),
  ],
  ['GET', new RegExp(`^${GIT}/(?<mode>resolve|raw)/(?<revision>[^/]+)/(?<path>.+)$`), download],
]

const cdnRoutes: readonly [method: string, path: RegExp, handler: Handler][] = [
  [
    'PUT',
    new RegExp(`^/lfs/${OBJECT}$`),
    (exchange, found, routes) => putObject(exchange, linked(exchange, found, routes), found['oid'] as string),
  ],
  [
    'PUT',
    new RegExp(`^/part/${OBJECT}/${UPLOAD}/(?<part>\\d+)$`),
    (exchange, found, routes) =>
      putPart(exchange, linked(exchange, found, routes), found['upload'] as string, found['part'] as string),
  ],
  [
    'GET',
    new RegExp(`^/object/${OBJECT}$`),
    (exchange, found, routes) => serveObject(exchange, linked(exchange, found, routes), found['oid'] as string),
  ],
]

/** Finds and runs the route; 404 when there is none, 400 for a path that is not valid percent-encoding. */
export async function route(origin: 'hub' | 'cdn', exchange: Exchange, routes: Routes): Promise<void> {
  const method = exchange.request.method === 'HEAD' ? 'GET' : exchange.request.method
  for (const [wanted, pattern, handler] of origin === 'hub' ? hubRoutes : cdnRoutes) {
    const match = wanted === method ? pattern.exec(exchange.url.pathname) : null
    if (match !== null) return handler(exchange, decoded(match.groups ?? {}), routes)
  }
  throw new HubRefusal(404, `Sorry, we can't find the page you are looking for.`)
}

function decoded(groups: Record<string, string | undefined>): Parameters {
  const found: Record<string, string> = {}
  try {
    for (const [name, value] of Object.entries(groups)) if (value !== undefined) found[name] = decodeURIComponent(value)
  } catch {
    throw new HubRefusal(400, 'the path is not valid percent-encoding')
  }
  return found
}

function revisionOf(found: Parameters): string {
  return found['revision'] ?? 'main'
}

function readable(exchange: Exchange, found: Parameters, routes: Routes): Repository {
  const kind = (found['kind'] ?? 'models') as RepositoryKind
  return requireReadable(exchange.user, routes.store.find(kind, found['id'] as string))
}

/** A repository to write to: `main` is the only branch. */
function writable(exchange: Exchange, found: Parameters, routes: Routes): Repository {
  const repository = readable(exchange, found, routes)
  requireNamespace(exchange.user, repository.id.split('/')[0] as string)
  const revision = revisionOf(found)
  if (revision !== 'main' && revision !== 'refs/heads/main') {
    throw new HubRefusal(404, `Invalid rev id: ${revision}`, { code: 'RevisionNotFound' })
  }
  return repository
}

/** A repository named by a signed link, which needs no token and must not be sent one. */
function linked(exchange: Exchange, found: Parameters, routes: Routes): Repository {
  routes.links.check(exchange.request.method ?? '', exchange.url)
  const repository = routes.store.find(found['kind'] as RepositoryKind, found['id'] as string)
  if (repository === null) throw new HubRefusal(404, 'NoSuchBucket')
  return repository
}

async function finishUpload(exchange: Exchange, found: Parameters, routes: Routes): Promise<void> {
  await completeUpload(exchange, linked(exchange, found, routes), found['oid'] as string, found['upload'] as string)
}

async function makeCommit(exchange: Exchange, found: Parameters, routes: Routes): Promise<void> {
  const repository = writable(exchange, found, routes)
  const author = requireUser(exchange.user).name
  routes.limiter.countCommit(author)
  await commit(exchange, { store: routes.store, repository, author, date: today(routes), hubUrl: routes.hubUrl })
}

async function squash(exchange: Exchange, found: Parameters, routes: Routes): Promise<void> {
  const repository = writable(exchange, found, routes)
  const { message } = await readJson(exchange, z.object({ message: z.string().nullish() }))
  const author = requireUser(exchange.user).name
  const title = message || 'Super-squash branch main'
  routes.store.squash(repository, { title, message: '', author, date: today(routes) })
  sendJson(exchange, {})
}

async function download(exchange: Exchange, found: Parameters, routes: Routes): Promise<void> {
  const repository = readable(exchange, found, routes)
  const target = { revision: revisionOf(found), path: found['path'] as string, raw: found['mode'] === 'raw' }
  await resolve(exchange, repository, target, routes)
}

function today(routes: Routes): string {
  return new Date(routes.now()).toISOString()
}
