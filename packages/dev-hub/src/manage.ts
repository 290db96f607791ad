import { z } from 'zod'

import { type HubUser, requireNamespace, requireUser } from './accounts.ts'
import { checkPath } from './commit.ts'
import { type Exchange, readJson, sendJson } from './exchange.ts'
import { HubRefusal } from './refusal.ts'
import { type RepositoryKind, type RepositoryStore, writeBlob } from './repositories.ts'

const kindShape = z.enum(['model', 'dataset', 'space']).default('model')
const nameShape = {
  name: z.string().min(1),
  organization: z.string().nullish(),
  type: kindShape.nullish().transform((kind) => kind ?? 'model'),
}
const createShape = z.object({
  ...nameShape,
  visibility: z.enum(['public', 'private', 'protected']).nullish(),
  private: z.boolean().nullish(),
  license: z.string().nullish(),
  files: z
    .array(z.object({ path: z.string(), content: z.string(), encoding: z.enum(['base64', 'utf-8']).default('utf-8') }))
    .max(100)
    .nullish(),
})

/** `POST /api/repos/create`: 409 with the `url` when it exists, which the Python client reads. */
export async function createRepository(
  exchange: Exchange,
  store: RepositoryStore,
  hubUrl: string,
  date: string,
): Promise<void> {
  const request = await readJson(exchange, createShape)
  const { id, kind } = identity(exchange.user, request)
  const author = requireNamespace(exchange.user, id.split('/')[0] as string).name
  const url = `${hubUrl}/${kind === 'models' ? '' : `${kind}/`}${id}`
  if (store.find(kind, id) !== null) {
    throw new HubRefusal(409, `You already created this ${kind.slice(0, -1)} repo: ${id}`, { extra: { url } })
  }
  const hidden = request.visibility === 'private' || (request.visibility == null && request.private === true)
  const files = (request.files ?? []).map((file) => ({
    path: checkPath(file.path),
    content: Buffer.from(file.content, file.encoding),
  }))
  if (request.license && !files.some((file) => file.path === 'README.md')) {
    files.push({ path: 'README.md', content: Buffer.from(`---\nlicense: ${request.license}\n---\n`) })
  }
  const repository = store.create(kind, id, { private: hidden, author, date })
  if (files.length > 0) {
    const set = files.map((file) => writeBlob(repository, file.path, file.content))
    store.commit(repository, { title: 'Add files', message: '', author, date, set, removed: [] })
  }
  sendJson(exchange, { url, name: id, id })
}

/** `DELETE /api/repos/delete`. */
export async function deleteRepository(exchange: Exchange, store: RepositoryStore): Promise<void> {
  const { id, kind } = identity(exchange.user, await readJson(exchange, z.object(nameShape)))
  requireNamespace(exchange.user, id.split('/')[0] as string)
  const repository = store.find(kind, id)
  if (repository === null) throw new HubRefusal(404, 'Repository not found', { code: 'RepoNotFound' })
  store.remove(repository)
  sendJson(exchange, {})
}

/** `POST /api/validate-yaml`, which the Python client calls before it commits a README.md. */
export async function validateYaml(exchange: Exchange): Promise<void> {
  const { content } = await readJson(exchange, z.object({ content: z.string() }))
  const open = /^\s*---\r?\n/.test(content) && !/\n---\s*(\r?\n|$)/.test(content.replace(/^\s*---/, ''))
  const errors = open ? [{ message: 'the metadata block has no closing ---' }] : []
  sendJson(exchange, { errors, warnings: [] }, errors.length > 0 ? 400 : 200)
}

function identity(
  user: HubUser | null,
  request: { name: string; organization?: string | null | undefined; type: 'model' | 'dataset' | 'space' },
): { id: string; kind: RepositoryKind } {
  const namespace = request.organization ?? requireUser(user).name
  return { id: `${namespace}/${request.name}`, kind: `${request.type}s` }
}
