import { commit, type CommitOperation } from '@huggingface/hub'
import { setTimeout as delay } from 'node:timers/promises'

import { throwIfAborted } from '../port/content.ts'
import type { BackendError } from '../port/errors.ts'
import { hubError } from './errors.ts'
import { createRepository, type HubRepository } from './repository.ts'

/** Tries of a whole commit, beside those of its single requests. */
const attempts = 5

/** One commit: what to do, and how to find out whether it was done. */
export interface CommitPlan {
  readonly title: string
  /** What is left to do; null when nothing is. Asked before every try, so a lost answer never makes a second commit. */
  readonly remaining: (signal: AbortSignal | undefined) => Promise<readonly CommitOperation[] | null>
  /** Refuse when somebody else committed since this commit; asked before every try. */
  readonly parentCommit?: () => string | undefined
  /** True when a failure was dealt with and the next try should come at once. */
  readonly recover?: (error: BackendError) => boolean
}

/**
 * Makes the commit, creating the repository when it is missing. Conflicts (412) and answers that got lost are tried
 * again after asking what remains to be done.
 * @returns the id of the commit, or null when nothing had to be done
 * @throws BackendError
 */
export async function commitPlan(
  repository: HubRepository,
  plan: CommitPlan,
  signal?: AbortSignal,
): Promise<string | null> {
  const { random = Math.random, sleep = wait } = repository.options
  let created = false
  for (let attempt = 1; ;) {
    throwIfAborted(signal)
    try {
      const operations = await plan.remaining(signal)
      if (operations === null) return null
      throwIfAborted(signal)
      return await commitOnce(repository, plan, operations, signal)
    } catch (thrown) {
      const error = hubError(`commit to ${repository.id}`, thrown, signal)
      if (error.code === 'ABORTED') throw error
      if (plan.recover?.(error) === true) continue
      if (error.code === 'NOT_FOUND' && repository.create && !created) {
        await createRepository(repository, signal)
        created = true
        continue
      }
      // Each request was tried several times when the hub asked for patience; more of it is the caller's decision.
      if (!error.retryable || error.code === 'THROTTLED' || attempt >= attempts) throw error
      await pause(sleep, random() * Math.min(8000, 500 * 2 ** attempt), signal)
      attempt += 1
    }
  }
}

async function commitOnce(
  repository: HubRepository,
  plan: CommitPlan,
  operations: readonly CommitOperation[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const parentCommit = plan.parentCommit?.()
  // The signal is in our fetch: the client would leave a listener on it with every commit.
  const made = await commit({
    ...repository.access,
    title: plan.title,
    operations: [...operations],
    useXet: false,
    fetch: repository.fetch(signal),
    ...(parentCommit === undefined ? {} : { parentCommit }),
  })
  const id: unknown = made?.commit.oid
  return typeof id === 'string' && /^[0-9a-f]{40}$/.test(id) ? id : 'main'
}

async function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, signal ? { signal } : {})
}

async function pause(
  sleep: NonNullable<HubRepository['options']['sleep']>,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await sleep(milliseconds, signal)
  } catch (error) {
    throw hubError('wait for the next try', error, signal)
  }
}
