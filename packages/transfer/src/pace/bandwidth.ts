import type { Sleep } from './sleep.ts'

/** Resolves when so many further bytes may go. */
export type Allow = (bytes: number, signal?: AbortSignal) => Promise<void>

/**
 * A token bucket that holds one second's worth. Callers queue by debt: each takes its tokens at once and sleeps until
 * the bucket would have been full enough, so the long-run rate is exact whatever the sizes are.
 * @param bytesPerSecond more than 0
 */
export function createBandwidth(bytesPerSecond: number, now: () => number, sleep: Sleep): Allow {
  let tokens = bytesPerSecond
  let last = now()
  return async (bytes, signal) => {
    const time = now()
    tokens = Math.min(bytesPerSecond, tokens + ((time - last) / 1000) * bytesPerSecond)
    last = time
    tokens -= bytes
    if (tokens < 0) await sleep((-tokens / bytesPerSecond) * 1000, signal)
  }
}
