import { BackendError } from '@sluice/backends'
import type { Plan, Policy } from '@sluice/rollout'
import type { Caller } from './backend-calls.ts'
import { StorageError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { failedAttempt, type FailedAttempt, type ReceiptCopy } from '../receipt.ts'
import { reconcile } from './reconcile.ts'
import type { OpenTarget, Target } from './target.ts'

export interface OpenCycleOptions {
  readonly outbox: Outbox
  readonly caller: Caller
  readonly openTarget: OpenTarget
  readonly hotkey: string
  readonly netuid: number
  readonly log: Log
  readonly now: () => number
}

/** How a backend stands in the present cycle. `unconfigured`: settings are missing; `down`: nothing more is tried. */
type TargetStanding = 'ready' | 'down' | 'unconfigured'

/** What one cycle learns on its way: its plan, the backends it opened, what was stored and what failed. */
export interface Cycle {
  readonly plan: Plan
  readonly copies: ReceiptCopy[]
  readonly failed: FailedAttempt[]
  /** Opens and reconciles a backend once; the result is remembered for the cycle. */
  prepare(name: string, signal?: AbortSignal): Promise<TargetStanding>
  /** The backend, when `prepare` found it `ready` and nothing took it down since. */
  ready(name: string): Target | null
  takeDown(name: string): void
  fail(backend: string | null, key: string | null, error: unknown): void
  /** Runs one call of a prepared backend; a failure is recorded and takes the backend down. */
  attempt(name: string, work: (target: Target) => Promise<void>, signal?: AbortSignal): Promise<boolean>
}

export function openCycle(options: OpenCycleOptions, plan: Plan, policy: Policy): Cycle {
  const { outbox, caller, log } = options
  const opened = new Map<string, { target: Target | null; standing: TargetStanding }>()
  const copies: ReceiptCopy[] = []
  const failed: FailedAttempt[] = []

  function fail(backend: string | null, key: string | null, error: unknown): void {
    const failure = failedAttempt(backend, key, error)
    failed.push(failure)
    log.warn({ backend, key, code: failure.code }, `${backend ?? 'local'}: ${failure.message}`)
  }

  async function open(name: string, signal?: AbortSignal): Promise<TargetStanding> {
    let target: Target | null = null
    try {
      target = await options.openTarget(name, policy, signal)
      settle(target)
      const found = target
      await caller.call(name, () => reconcile(options, found, signal), signal)
      opened.set(name, { target, standing: 'ready' })
      return 'ready'
    } catch (error) {
      if (isAbort(error)) throw error
      fail(name, null, error)
      const missing = target === null && StorageError.is(error) && error.code === 'NO_BACKEND'
      const standing = missing ? 'unconfigured' : 'down'
      opened.set(name, { target, standing })
      return standing
    }
  }

  /** Copies in another place are no copies here: a changed bucket or repository starts anew. */
  function settle({ name, identity }: Target): void {
    const before = outbox.targets.get(name)
    if (before?.identity === identity) return
    if (before !== null) {
      log.warn({ backend: name }, `${name} moved from ${before.identity} to ${identity}; everything is brought there`)
    }
    caller.forget(name)
    outbox.transaction(() => {
      outbox.jobs.removeBackend(name)
      outbox.targets.reset(name, identity)
    })
  }

  const ready = (name: string): Target | null => {
    const entry = opened.get(name)
    return entry?.standing === 'ready' ? entry.target : null
  }
  function takeDown(name: string): void {
    opened.set(name, { target: opened.get(name)?.target ?? null, standing: 'down' })
  }

  return {
    plan,
    copies,
    failed,
    async prepare(name, signal) {
      return opened.get(name)?.standing ?? (await open(name, signal))
    },
    ready,
    takeDown,
    fail,
    async attempt(name, work, signal) {
      const target = ready(name)
      if (target === null) return false
      try {
        await caller.call(name, () => work(target), signal)
        return true
      } catch (error) {
        if (isAbort(error)) throw error
        fail(name, null, error)
        takeDown(name)
        return false
      }
    },
  }
}

function isAbort(error: unknown): boolean {
  return (StorageError.is(error) || BackendError.is(error)) && error.code === 'ABORTED'
}
