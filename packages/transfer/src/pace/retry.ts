import { throwIfAborted, TransferError } from '../errors.ts'
import type { Sleep } from './sleep.ts'

export interface RetrySettings {
  /** Attempts in a row without any progress before it is given up. */
  readonly attempts: number
  /** The wait before attempt n + 1 is drawn from 0 to `min(capMs, baseMs * 2^(n-1))` ("full jitter"). */
  readonly baseMs: number
  readonly capMs: number
  /** A longer wait that the other side asks for is not waited out; the error is thrown. */
  readonly maxWaitMs: number
  readonly random: () => number
  readonly sleep: Sleep
}

export interface RetryOptions {
  readonly signal?: AbortSignal | undefined
  /** Told before each wait. */
  readonly onRetry?: ((error: TransferError, attempt: number, delayMs: number) => void) | undefined
  /** Counts what went well anywhere in the same transfer; while it grows, no attempt is counted. */
  readonly progress?: (() => number) | undefined
}

/**
 * Repeats work that failed with a retryable TransferError, and with nothing else.
 * The wait is the longer of the jitter and what the other side asked for; an expired URL is replaced without a wait.
 * @param work given the attempt, from 1
 * @throws the last error
 */
export async function retry<T>(
  settings: RetrySettings,
  work: (attempt: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const { signal, onRetry, progress = () => 0 } = options
  let inVain = 0
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal)
    const before = progress()
    try {
      return await work(attempt)
    } catch (error) {
      throwIfAborted(signal)
      inVain = progress() > before ? 1 : inVain + 1
      if (!TransferError.is(error)) throw error
      const asked = error.retryAfterMs ?? 0
      if (inVain >= settings.attempts || asked > settings.maxWaitMs) error.exhausted = true
      if (error.exhausted || !error.retryable) throw error
      const jitter = settings.random() * Math.min(settings.capMs, settings.baseMs * 2 ** (inVain - 1))
      const delayMs = error.code === 'EXPIRED' && inVain === 1 ? asked : Math.max(asked, jitter)
      onRetry?.(error, attempt, delayMs)
      await settings.sleep(delayMs, signal)
    }
  }
}
