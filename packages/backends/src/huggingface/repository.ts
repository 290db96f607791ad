import { createHash } from 'node:crypto'

import { createRepo, HubApiError, type PathInfo, pathsInfo } from '@huggingface/hub'
import { z } from 'zod'

import type { PutObject } from '../port/storage-backend.ts'
import { readContent, throwIfAborted } from '../port/content.ts'
import { BackendError } from '../port/errors.ts'
import { hubError } from './errors.ts'
import { createHubFetch, defaultHubUrl, type HubFetch, type HubFetchOptions } from './fetch.ts'

export interface HuggingFaceRepositoryOptions extends HubFetchOptions {
  /** `namespace/name` of a dataset repository. */
  readonly repository: string
  /** Begins with `hf_`. Without it only public repositories can be read. */
  readonly token?: string
  /**
   * Whether a missing repository is created (public) by the first write and reads as empty until then; default: when
   * there is a token. Otherwise a missing repository is an error, NOT_FOUND.
   */
  readonly create?: boolean
}

/** A dataset repository and how to reach it. */
export interface HubRepository {
  /** `namespace/name`. */
  readonly id: string
  readonly hubUrl: string
  readonly token: string | undefined
  /** A missing repository may be created. */
  readonly create: boolean
  readonly fetch: HubFetch
  /** What every call of the client takes. */
  readonly access: { repo: { type: 'dataset'; name: string }; hubUrl: string; accessToken?: string }
  readonly options: HubFetchOptions
}

const pathShape = z.array(
  z.object({
    path: z.string(),
    type: z.string(),
    oid: z.string().optional(),
    size: z.int().nonnegative(),
    lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().nonnegative() }).optional(),
  }),
)

/** @throws BackendError UNAUTHORIZED when the token cannot be one, BAD_KEY when the name cannot be one */
export function openRepository(options: HuggingFaceRepositoryOptions): HubRepository {
  const { repository: id, token } = options
  checkToken(token)
  if (!/^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95}$/.test(id) || /\.\.|--/.test(id)) {
    throw new BackendError('BAD_KEY', `${JSON.stringify(id)} is no HuggingFace repository: give "namespace/name".`, {
      retryable: false,
    })
  }
  const hubUrl = (options.hubUrl ?? defaultHubUrl).replace(/\/+$/, '')
  const access = {
    repo: { type: 'dataset' as const, name: id },
    hubUrl,
    ...(token === undefined ? {} : { accessToken: token }),
  }
  return {
    id,
    hubUrl,
    token,
    create: options.create ?? token !== undefined,
    access,
    fetch: createHubFetch(options),
    options,
  }
}

/** @throws BackendError UNAUTHORIZED */
export function checkToken(token: string | undefined): void {
  if (token === undefined || /^hf_\w+$/.test(token)) return
  const message = 'This is no HuggingFace token: it must begin with "hf_". Make one in your HuggingFace settings.'
  throw new BackendError('UNAUTHORIZED', message, { retryable: false })
}

/** Creates the repository, public, unless it is there. */
export async function createRepository(repository: HubRepository, signal?: AbortSignal): Promise<void> {
  const { access, token, id } = repository
  if (token === undefined) {
    throw new BackendError(
      'UNAUTHORIZED',
      `A token is needed to write to ${id}: make one in your HuggingFace settings.`,
      { retryable: false },
    )
  }
  throwIfAborted(signal)
  try {
    await createRepo({ ...access, accessToken: token, visibility: 'public', fetch: repository.fetch(signal) })
  } catch (error) {
    if (error instanceof HubApiError && error.statusCode === 409) return
    throw hubError(`create the dataset ${id}`, error, signal)
  }
}

/** What the hub has under these paths (files only), by path. */
export async function readPaths(
  repository: HubRepository,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, PathInfo>> {
  throwIfAborted(signal)
  try {
    const found = await pathsInfo({ ...repository.access, paths: [...paths], fetch: repository.fetch(signal) })
    pathShape.parse(found)
    const wanted = new Set(paths)
    return new Map(
      found.filter((info) => info.type === 'file' && wanted.has(info.path)).map((info) => [info.path, info]),
    )
  } catch (error) {
    throw hubError(`ask ${repository.id} for its files`, error, signal)
  }
}

/** Whether the stored file is this object: by the SHA-256 of LFS, else by the git blob id (the source is read). */
export async function isStored(info: PathInfo | undefined, object: PutObject, signal?: AbortSignal): Promise<boolean> {
  if (info === undefined) return false
  if (info.lfs !== undefined) return info.lfs.oid === object.sha256 && info.lfs.size === object.bytes
  if (info.size !== object.bytes) return false
  // https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
  const hash = createHash('sha1').update(`blob ${object.bytes}\0`)
  for await (const chunk of readContent(object, signal)) hash.update(chunk)
  return hash.digest('hex') === info.oid
}

const queues = new Map<string, Promise<unknown>>()

/**
 * Runs `work` after everything given before for the same repository: the hub wants one writer at a time.
 * @throws BackendError ABORTED while waiting; what `work` throws
 */
export async function inTurn<T>(repository: HubRepository, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const name = `${repository.hubUrl} ${repository.id}`
  const before = queues.get(name) ?? Promise.resolve()
  let leave = (): void => {}
  const done = new Promise<void>((resolve) => {
    leave = resolve
  })
  // Whoever gives up waiting does not let the next one overtake those before.
  const turn = before.then(() => done)
  queues.set(name, turn)
  try {
    await unlessAborted(before, signal)
    return await work()
  } finally {
    leave()
    if (queues.get(name) === turn) queues.delete(name)
  }
}

/** Waits for something that others wait for too. @throws BackendError ABORTED; what `wait` rejects with */
export async function unlessAborted<T>(wait: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  throwIfAborted(signal)
  if (signal === undefined) return await wait
  let stop = (): void => {}
  const aborted = new Promise<void>((resolve) => {
    stop = resolve
  })
  signal.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race([wait, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
  throwIfAborted(signal)
  return await wait
}
