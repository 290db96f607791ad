import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { State } from './state/state.ts'
import type { ObjectStore, UploadMark } from './store/store.ts'
import type { Uploads } from './uploads.ts'

export interface JanitorOptions {
  readonly state: State
  readonly store: ObjectStore
  readonly uploads: Uploads
  readonly log: Log
  readonly metrics: Metrics
  /** An upload that no gateway knows is aborted at this age, seconds; the life of an upload or more. */
  readonly strayAfterSeconds: number
  readonly now: () => number
}

export interface Janitor {
  /** Aborts expired sessions, forgets finished ones, until told to stop. Several gateways may run it at once. */
  sweep(stop?: AbortSignal): Promise<number>
  /** Aborts uploads below `data/` that are old and in no session: a gateway died between Create and its note of it. */
  sweepStrays(stop?: AbortSignal): Promise<number>
}

const LEASE_MS = 300_000
const BATCH = 100

export function createJanitor({
  state,
  store,
  uploads,
  log,
  metrics,
  strayAfterSeconds,
  now,
}: JanitorOptions): Janitor {
  return {
    sweep: async (stop) => {
      let count = 0
      while (!isOver(stop)) {
        const expired = await state.claimExpired(now(), now() + LEASE_MS, BATCH)
        for (const session of expired) {
          if (isOver(stop)) break // what is left comes again when its lease is over
          try {
            await uploads.abort(session)
            if (session.result === null) count++
          } catch (error) {
            // It stays claimed and comes again when the lease is over.
            log.warn({ error, hotkey: session.hotkey, key: session.key }, 'a stale upload could not be aborted')
          }
        }
        if (expired.length < BATCH) break
      }
      metrics.abortedUploads.inc(count)
      if (count > 0) log.info({ count }, 'stale uploads aborted')
      return count
    },
    sweepStrays: async (stop) => {
      const oldest = now() - strayAfterSeconds * 1000
      let count = 0
      let after: UploadMark | null = null
      do {
        const page: Awaited<ReturnType<ObjectStore['uploads']>> = await store.uploads('data/', after)
        for (const { key, uploadId, initiatedAt } of page.uploads) {
          if (isOver(stop)) break
          if (initiatedAt >= oldest || (await state.find(uploadId)) !== null) continue
          try {
            await store.abort(key, uploadId)
            count++
          } catch (error) {
            // One that cannot be aborted must not keep the others.
            log.warn({ error, key }, 'an upload that no gateway knows could not be aborted')
          }
        }
        after = page.next
      } while (after !== null && !isOver(stop))
      metrics.abortedUploads.inc(count)
      if (count > 0) log.warn({ count }, 'uploads that no gateway knew were aborted')
      return count
    },
  }
}

const isOver = (stop: AbortSignal | undefined): boolean => stop?.aborted === true

/** Runs the janitor until stopped, which waits for one upload at most; its failures are logged and tried again. */
export function runJanitor(janitor: Janitor, log: Log, everyMs = 60_000): { stop(): Promise<void> } {
  let rounds = 0
  let running: Promise<void> = Promise.resolve()
  const stop = new AbortController()
  const round = async (): Promise<void> => {
    try {
      await janitor.sweep(stop.signal)
      if (rounds++ % 60 === 0) await janitor.sweepStrays(stop.signal)
    } catch (error) {
      log.warn({ error }, 'the janitor failed; it tries again')
    }
  }
  const timer = setInterval(() => {
    running = running.then(round)
  }, everyMs)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      stop.abort()
      await running
    },
  }
}
