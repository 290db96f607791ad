import { setTimeout as delay } from 'node:timers/promises'
import {
  BrokenCircuitError,
  circuitBreaker,
  ConsecutiveBreaker,
  handleWhen,
  type CircuitBreakerPolicy,
} from 'cockatiel'
import { BackendError } from '@sluice/backends'
import { messageOf, StorageError, throwIfAborted } from '../errors.ts'
import type { Outbox } from '../outbox/outbox.ts'

export interface CallSettings {
  /** Tries per call and cycle. Default 3. */
  readonly attempts?: number
  /** First and longest pause between tries in ms; the pause is drawn from 0 to that. Default 500 and 15,000. */
  readonly backoffMs?: number
  readonly maxBackoffMs?: number
  /** A wait that the backend asks for is waited out up to this, else left to a later cycle. Default 30,000 ms. */
  readonly maxWaitMs?: number
  /** Failed tries in a row that open the breaker, and how long it stays open. Default 5 and 60,000 ms. */
  readonly breakAfter?: number
  readonly breakMs?: number
  readonly now?: () => number
  readonly random?: () => number
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** Calls a backend with retries (full jitter), its wish to wait, and a circuit breaker that outlives the process. */
export interface Caller {
  /** @throws the last error of the backend; StorageError `NO_BACKEND` while the breaker is open or a wait is on */
  call<T>(backend: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>
  /** Forgets what went wrong; for a backend that moved to another place. */
  forget(backend: string): void
}

/** No wish to wait is followed for longer; a note of a longer one was made by a clock that was wrong. */
const maxRestMs = 3_600_000

const errorOf = (error: unknown): { retryable: boolean; retryAfterMs: number } => ({
  retryable: BackendError.is(error) && error.retryable,
  retryAfterMs: BackendError.is(error) ? (error.retryAfterMs ?? 0) : 0,
})

export function createCaller(outbox: Outbox, settings: CallSettings = {}): Caller {
  const attempts = settings.attempts ?? 3
  const base = settings.backoffMs ?? 500
  const cap = settings.maxBackoffMs ?? 15_000
  const maxWait = settings.maxWaitMs ?? 30_000
  const now = settings.now ?? Date.now
  const random = settings.random ?? Math.random
  const sleep = settings.sleep ?? pause
  const breakers = new Map<string, CircuitBreakerPolicy>()

  function breakerOf(backend: string): CircuitBreakerPolicy {
    const saved = savedState(backend)
    const present = breakers.get(backend)
    if (present !== undefined && saved !== null) return present
    // What this side refuses, such as too large a manifest, says nothing of the backend.
    const breaker = circuitBreaker(
      handleWhen((error) => BackendError.is(error)),
      {
        breaker: new ConsecutiveBreaker(settings.breakAfter ?? 5),
        halfOpenAfter: settings.breakMs ?? 60_000,
        initialState: saved ?? undefined,
      },
    )
    breakers.set(backend, breaker)
    return breaker
  }

  /** Null when a clock that was wrong opened the breaker: it would stay open until that time comes. */
  function savedState(backend: string): object | null | undefined {
    const saved = outbox.targets.get(backend)?.breaker
    if (saved == null) return undefined
    const state = JSON.parse(saved) as { readonly ownState?: { readonly openedAt?: number } }
    return (state.ownState?.openedAt ?? 0) > Date.now() ? null : state
  }

  async function call<T>(backend: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const breaker = breakerOf(backend)
    const wait = (outbox.targets.get(backend)?.retryAt ?? 0) - now()
    if (wait > 0 && wait <= maxRestMs)
      throw resting(backend, `${backend} asked to be left alone for another ${Math.ceil(wait / 1000)} s`)
    for (let attempt = 1; ; attempt++) {
      throwIfAborted(signal)
      try {
        return await breaker.execute(work)
      } catch (error) {
        throwIfAborted(signal)
        if (error instanceof BrokenCircuitError) {
          throw resting(backend, `${backend} failed too often in a row; it is tried again in a minute`)
        }
        const { retryable, retryAfterMs } = errorOf(error)
        if (retryAfterMs > maxWait) outbox.targets.setRetryAt(backend, now() + Math.min(retryAfterMs, maxRestMs))
        if (!retryable || attempt >= attempts || retryAfterMs > maxWait) throw error
        await sleep(Math.max(retryAfterMs, random() * Math.min(cap, base * 2 ** (attempt - 1))), signal)
      } finally {
        save(backend, JSON.stringify(breaker.toJSON()))
      }
    }
  }

  function save(backend: string, state: string): void {
    if (state !== outbox.targets.get(backend)?.breaker) outbox.targets.setBreaker(backend, state)
  }
  return { call, forget: (backend) => void breakers.delete(backend) }
}

function resting(backend: string, message: string): StorageError {
  return new StorageError('NO_BACKEND', `${message} (${backend} is resting)`, { retryable: true })
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {
    throw new StorageError('ABORTED', messageOf(signal?.reason), { retryable: true })
  })
}
