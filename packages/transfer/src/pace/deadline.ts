import { abortedError, throwIfAborted, TransferError } from '../errors.ts'
import { retry, type RetryOptions, type RetrySettings } from './retry.ts'

/**
 * Runs work that is given up after a deadline, whatever it does with its signal. An answer that is there at once, as of
 * signing with one's own keys, needs no timer.
 * @throws TransferError `TOO_SLOW`, `ABORTED`, or what the work threw
 */
export async function withDeadline<T>(
  what: string,
  ms: number,
  signal: AbortSignal | undefined,
  work: (options: { readonly signal: AbortSignal }) => T | Promise<T>,
): Promise<T> {
  throwIfAborted(signal)
  const cut = new AbortController()
  const answer = work({ signal: cut.signal })
  if (!isPending(answer)) return answer
  return await new Promise<T>((resolve, reject) => {
    const end = (error: TransferError): void => {
      settle()
      cut.abort()
      reject(error)
    }
    const stop = (): void => end(abortedError(signal?.reason))
    const timer = setTimeout(() => {
      const text = `Cannot ${what}: no answer within ${ms / 1000} s. Check the network and the store.`
      end(new TransferError('TOO_SLOW', text, { retryable: true }))
    }, ms)
    const settle = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
    }
    signal?.addEventListener('abort', stop, { once: true })
    answer.then(resolve, reject).finally(settle)
    if (signal?.aborted === true) stop()
  })
}

function isPending<T>(answer: T | Promise<T>): answer is Promise<T> {
  return typeof answer === 'object' && answer !== null && 'then' in answer
}

/** One question to the sessions at a time, with deadline and retries. */
export type Ask = <T>(what: string, question: (options: { signal: AbortSignal }) => T | Promise<T>) => Promise<T>

export function createAsk(
  settings: RetrySettings,
  deadlineMs: number,
  signal: AbortSignal | undefined,
  onRetry: (what: string) => RetryOptions['onRetry'],
): Ask {
  return (what, question) =>
    retry(settings, () => withDeadline(what, deadlineMs, signal, question), { signal, onRetry: onRetry(what) })
}
