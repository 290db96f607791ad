import { abortedError } from './errors.ts'
import type { Meter } from './meter.ts'

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

/** Waits while it is paused, and tells of it. @param phase what goes on afterwards @throws TransferError `ABORTED` */
export async function waitOutPause(
  pause: PauseSwitch | undefined,
  meter: Meter,
  phase: 'sending' | 'receiving',
  signal: AbortSignal,
): Promise<void> {
  if (pause?.paused !== true) return
  meter.phase('paused')
  await pause.untilResumed(signal)
  meter.phase(phase)
}
