import type { CommitOperation } from '@huggingface/hub'

import type { FailedPut, PutObject, StoredCopy } from '../port/storage-backend.ts'
import { BackendError } from '../port/errors.ts'
import { ObjectBlob } from './blob.ts'
import { commitPlan } from './commit.ts'
import { hubError } from './errors.ts'
import { type HubRepository, inTurn, isStored, readPaths } from './repository.ts'

/** The hub's own advice is 50 to 100 files per commit. */
const filesPerCommit = 100
/** Small files travel inside the commit, which the client keeps in memory as base64. */
const inlineBytes = 10 * 1024 ** 2
const inlinePerCommit = 32 * 1024 ** 2

type Result = StoredCopy | FailedPut

/** Cuts a batch so that each piece is one commit: at most 100 files, no key twice, little small-file content. */
function commitsOf(objects: readonly PutObject[]): PutObject[][] {
  const pieces: PutObject[][] = []
  let keys = new Set<string>()
  let inline = 0
  for (const object of objects) {
    const weight = object.bytes <= inlineBytes && !object.key.endsWith('.parquet') ? object.bytes : 0
    const last = pieces.at(-1)
    if (
      last === undefined ||
      last.length >= filesPerCommit ||
      keys.has(object.key) ||
      inline + weight > inlinePerCommit
    ) {
      pieces.push([object])
      keys = new Set([object.key])
      inline = weight
    } else {
      last.push(object)
      keys.add(object.key)
      inline += weight
    }
  }
  return pieces
}

/**
 * Stores objects with one commit and verifies each of them there. Never throws: every object gets its result.
 */
async function putCommit(
  repository: HubRepository,
  objects: readonly PutObject[],
  signal?: AbortSignal,
): Promise<Result[]> {
  const failed = new Map<string, BackendError>()
  const stored = new Map<string, StoredCopy>()
  let batch = new AbortController()

  const open = (): PutObject[] => objects.filter(({ key }) => !failed.has(key) && !stored.has(key))
  const settle = async (commit: string): Promise<void> => {
    const todo = open()
    if (todo.length === 0) return
    const infos = await readPaths(
      repository,
      todo.map(({ key }) => key),
      signal,
    ).catch((error: unknown) => {
      if (BackendError.is(error) && error.code === 'NOT_FOUND' && repository.create && commit === '')
        return new Map<string, never>()
      throw error
    })
    for (const object of todo) {
      const { key, bytes, sha256 } = object
      try {
        if (!(await isStored(infos.get(key), object, signal))) continue
        const location = `hf://datasets/${repository.id}@${commit || 'main'}/${key}`
        stored.set(key, { ok: true, key, bytes, sha256, location })
      } catch (error) {
        if (signal?.aborted) throw error
        failed.set(key, hubError(`store ${key}`, error))
      }
    }
  }
  const operationsOf = (todo: readonly PutObject[]): CommitOperation[] => {
    batch = new AbortController()
    const reading = signal === undefined ? batch.signal : AbortSignal.any([signal, batch.signal])
    return todo.map((object) => ({
      operation: 'addOrUpdate',
      path: object.key,
      content: new ObjectBlob(object, {
        signal: reading,
        onProblem: (error) => void failed.set(object.key, error),
      }),
    }))
  }

  try {
    let known = 0
    const commit = await commitPlan(
      repository,
      {
        title: objects.length === 1 ? `Store ${objects[0]?.key}` : `Store ${objects.length} files`,
        remaining: async () => {
          await settle('')
          const todo = open()
          return todo.length === 0 ? null : operationsOf(todo)
        },
        recover: () => {
          batch.abort()
          const progress = failed.size > known
          known = failed.size
          return progress
        },
      },
      signal,
    )
    if (commit !== null) await settle(commit)
    for (const { key } of open()) {
      const message = `${key} was committed to ${repository.id} but is not there as it was sent. Try again.`
      failed.set(key, new BackendError('CORRUPT', message, { retryable: true }))
    }
  } catch (thrown) {
    const error = hubError(`store in ${repository.id}`, thrown, signal)
    const rest = open()
    // The hub refuses a commit as a whole; halving finds the file that it does not want.
    if (error.code === 'PROTOCOL' && !error.retryable && rest.length > 1) {
      const middle = Math.ceil(rest.length / 2)
      const first = await putCommit(repository, rest.slice(0, middle), signal)
      const second = await putCommit(repository, rest.slice(middle), signal)
      return [...resultsOf(objects, stored, failed), ...first, ...second]
    }
    for (const { key } of rest) failed.set(key, error)
  }
  return resultsOf(objects, stored, failed)
}

function resultsOf(
  objects: readonly PutObject[],
  stored: ReadonlyMap<string, StoredCopy>,
  failed: ReadonlyMap<string, BackendError>,
): Result[] {
  return objects.flatMap(({ key }): Result[] => {
    const copy = stored.get(key)
    const error = failed.get(key)
    if (copy !== undefined) return [copy]
    return error === undefined ? [] : [{ ok: false, key, error }]
  })
}

/** Failures that the next commit would meet as well. */
const lasting = new Set(['THROTTLED', 'UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND', 'ABORTED'])

/** Stores commit after commit, each after every other one of this process to the repository. */
export async function* putInTurn(
  repository: HubRepository,
  objects: readonly PutObject[],
  signal?: AbortSignal,
): AsyncGenerator<Result, void> {
  let obstacle: BackendError | null = null
  for (const piece of commitsOf(objects)) {
    const results: Result[] = obstacle === null ? await putOnce(repository, piece, signal) : failAll(piece, obstacle)
    const failure = results.find((result) => !result.ok && lasting.has(result.error.code))
    if (failure !== undefined && !failure.ok) obstacle = failure.error
    yield* results
  }
}

async function putOnce(repository: HubRepository, piece: PutObject[], signal?: AbortSignal): Promise<Result[]> {
  try {
    return await inTurn(repository, () => putCommit(repository, piece, signal), signal)
  } catch (thrown) {
    return failAll(piece, hubError(`store in ${repository.id}`, thrown, signal))
  }
}

function failAll(objects: readonly PutObject[], error: BackendError): FailedPut[] {
  return objects.map(({ key }) => ({ ok: false, key, error }))
}
