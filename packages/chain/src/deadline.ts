import { ChainError } from './errors.ts'

export interface Deadline {
  /** What is waited for, as it appears in the message: "ws://… to connect". */
  readonly what: string
  readonly ms: number
  readonly signal?: AbortSignal | undefined
}

/**
 * The promise's outcome, or TIMEOUT after `ms`, or ABORTED as soon as the signal fires. The promise itself goes on, but
 * its late rejection is taken care of here.
 */
export async function withDeadline<T>(promise: Promise<T>, deadline: Deadline): Promise<T> {
  const { what, ms, signal } = deadline
  // Read by nobody when the deadline wins; without a handler Node would end the process.
  promise.catch(() => undefined)
  throwIfAborted(signal)
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => finish(() => reject(aborted(signal)))
    const timer = setTimeout(
      () =>
        finish(() =>
          reject(
            new ChainError('TIMEOUT', `Waited ${ms} ms for ${what}; try again or use another endpoint.`, {
              retryable: true,
            }),
          ),
        ),
      ms,
    )
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      settle()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    promise.then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error)),
    )
  })
}

/** Throws ABORTED when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted(signal)
}

/** Waits, unless the signal fires first (ABORTED). */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal)
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(aborted(signal))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function aborted(signal: AbortSignal | undefined): ChainError {
  return new ChainError('ABORTED', 'The call was aborted by its caller.', { cause: signal?.reason })
}
