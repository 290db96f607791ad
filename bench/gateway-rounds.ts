import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from './gateway-client.ts'

/** Two requests, signed; the second when the first is answered. */
export type Pair = readonly [Uint8Array, Uint8Array]

/**
 * Sends all pairs over all connections, each as soon as one is free, or `perSecond` of them at even times.
 * @returns the time of each request in milliseconds; of a first one from when it was due, so that one that had to wait
 * for a connection counts with its wait
 */
export async function round(
  pairs: readonly Pair[],
  connections: readonly Connection[],
  perSecond: number = Infinity,
): Promise<number[]> {
  const latencies: number[] = []
  const began = performance.now()
  let next = 0
  const run = async (connection: Connection): Promise<void> => {
    for (let n = next++; n < pairs.length; n = next++) {
      const due = perSecond === Infinity ? performance.now() : began + (n * 1000) / perSecond
      const early = due - performance.now()
      if (early > 0) await sleep(early)
      let from = due
      for (const request of pairs[n] ?? []) {
        const { status, text } = await connection.send(request)
        const answered = performance.now()
        latencies.push(answered - from)
        from = answered
        if (status !== 200) throw new Error(`the gateway answered ${status} ${text}`)
      }
    }
  }
  await Promise.all(connections.map(run))
  return latencies
}

/** @param share from 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length * share)] ?? 0
}
