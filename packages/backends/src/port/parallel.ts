/**
 * Runs `work` on every item, at most `limit` at a time, and yields the results as they come.
 * Leaving the loop early aborts the signal that the running ones were given and waits for them.
 */
export async function* parallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, signal: AbortSignal) => Promise<R>,
  signal?: AbortSignal,
): AsyncGenerator<R, void> {
  const leaving = new AbortController()
  const combined = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal])
  const running = new Map<number, Promise<{ index: number; result: R }>>()
  let next = 0
  const start = (): void => {
    const index = next++
    const done = work(items[index] as T, combined).then((result) => ({ index, result }))
    done.catch(() => undefined) // seen by the race below, or by nobody after an early leave
    running.set(index, done)
  }
  try {
    while (next < items.length || running.size > 0) {
      while (next < items.length && running.size < limit) start()
      const { index, result } = await Promise.race(running.values())
      running.delete(index)
      yield result
    }
  } finally {
    leaving.abort()
    await Promise.allSettled(running.values())
  }
}
