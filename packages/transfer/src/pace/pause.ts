import { abortedError } from '../errors.ts'
import type { TransferPhase } from './events.ts'
import type { Meter } from './progress.ts'

/** Halts a transfer between parts; what is on the wire is finished. */
export interface PauseSwitch {
  readonly paused: boolean
  pause(): void
  resume(): void
  /** @throws TransferError `ABORTED` */
  untilResumed(signal?: AbortSignal): Promise<void>
}

export function createPauseSwitch(): PauseSwitch {
  const state = { paused: false }
  const waiting = new Set<() => void>()
  return {
    get paused() {
      return state.paused
    },
    pause: () => void (state.paused = true),
    resume: () => {
      state.paused = false
      for (const go of waiting) go()
      waiting.clear()
    },
    untilResumed: async (signal) => {
      while (state.paused) {
        await new Promise<void>((resolve, reject) => {
          if (signal?.aborted === true) return reject(abortedError(signal.reason))
          const stop = (): void => {
            waiting.delete(go)
            reject(abortedError(signal?.reason))
          }
          const go = (): void => {
            signal?.removeEventListener('abort', stop)
            resolve()
          }
          signal?.addEventListener('abort', stop, { once: true })
          waiting.add(go)
        })
      }
    },
  }
}

/** The switch as one transfer sees it: while anything of that waits, its phase is `paused`. */
export function tellingPause(pause: PauseSwitch | undefined, meter: Meter): PauseSwitch | undefined {
  if (pause === undefined) return undefined
  let waiting = 0
  let before: TransferPhase = 'starting'
  return {
    get paused() {
      return pause.paused
    },
    pause: () => pause.pause(),
    resume: () => pause.resume(),
    untilResumed: async (signal) => {
      if (!pause.paused) return
      if (waiting++ === 0) before = meter.phase('paused')
      try {
        await pause.untilResumed(signal)
      } finally {
        if (--waiting === 0) meter.phase(before)
      }
    },
  }
}
