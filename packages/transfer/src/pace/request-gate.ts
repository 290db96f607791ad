import { abortedError, throwIfAborted, type TransferErrorCode } from '../errors.ts'
import type { PauseSwitch } from './pause.ts'

/** The right to have one request in flight; given back exactly once. */
export interface Pass {
  ok(): void
  failed(code: TransferErrorCode, retryAfterMs?: number): void
}

/** Decides how many requests are in flight and how fast they follow each other; shared by all transfers of a process. */
export interface Gate {
  enter(signal?: AbortSignal, pause?: PauseSwitch): Promise<Pass>
  /** Requests that may be in flight now, and at best. */
  readonly limit: number
  readonly most: number
}

interface Waiter {
  readonly go: (pass: Pass) => void
  readonly detach: () => void
}

const FIRST_SPACING_MS = 25
const LONGEST_SPACING_MS = 2000

/**
 * Additive increase, multiplicative decrease, as in TCP: each success lets `1 / limit` more in, each sign of overload
 * (503, 429, a stalled socket) halves the limit, once per generation of requests. Since one fast request after the other
 * can be too many for a limiter of requests per second, overload also spaces the starts; success shrinks the spaces.
 */
export function createGate(options: {
  readonly most: number
  readonly now: () => number
  /** However long a store asks to wait, one request is let in after this. */
  readonly longestWaitMs: number
}): Gate {
  const { most, now, longestWaitMs } = options
  let limit = most
  let running = 0
  let generation = 0
  let spacing = 0
  let notBefore = 0
  let timer: ReturnType<typeof setTimeout> | null = null
  const waiting: Waiter[] = []

  const hasRoom = (): boolean => running < Math.max(1, Math.floor(limit))

  function admit(): void {
    while (waiting.length > 0 && hasRoom()) {
      const wait = notBefore - now()
      if (wait > 0) {
        timer ??= setTimeout(() => {
          stopTimer()
          admit()
        }, wait)
        return
      }
      const waiter = waiting.shift() as Waiter
      waiter.detach()
      waiter.go(start())
    }
  }

  function start(): Pass {
    running++
    if (spacing > 0) notBefore = now() + spacing
    return pass(generation)
  }

  /** A timer that nobody waits for would keep the process alive. */
  function stopTimer(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
  }

  function pass(born: number): Pass {
    const leave = (): void => {
      running--
      admit()
    }
    return {
      ok: () => {
        limit = Math.min(most, limit + 1 / limit)
        spacing = spacing < 1 ? 0 : spacing * 0.97
        leave()
      },
      failed: (code, retryAfterMs = 0) => {
        const overload = code === 'THROTTLED' || code === 'TOO_SLOW'
        if (overload && born === generation) {
          generation++
          limit = Math.max(1, limit / 2)
          if (code === 'THROTTLED') spacing = Math.min(LONGEST_SPACING_MS, Math.max(FIRST_SPACING_MS, spacing * 2))
        }
        if (code === 'THROTTLED') {
          notBefore = Math.max(notBefore, now() + Math.max(spacing, Math.min(retryAfterMs, longestWaitMs)))
        }
        leave()
      },
    }
  }

  async function enter(signal?: AbortSignal, pause?: PauseSwitch): Promise<Pass> {
    for (;;) {
      if (pause?.paused === true) await pause.untilResumed(signal)
      const pass = await admission(signal)
      if (pause?.paused !== true) return pass
      pass.failed('ABORTED')
    }
  }

  function admission(signal: AbortSignal | undefined): Pass | Promise<Pass> {
    throwIfAborted(signal)
    if (waiting.length === 0 && hasRoom() && notBefore <= now()) return start()
    return new Promise<Pass>((go, reject) => {
      const stop = (): void => {
        waiting.splice(waiting.indexOf(waiter), 1)
        if (waiting.length === 0) stopTimer()
        reject(abortedError(signal?.reason))
      }
      const waiter: Waiter = { go, detach: () => signal?.removeEventListener('abort', stop) }
      signal?.addEventListener('abort', stop, { once: true })
      waiting.push(waiter)
      admit()
    })
  }
  return {
    enter,
    most,
    get limit() {
      return limit
    },
  }
}
