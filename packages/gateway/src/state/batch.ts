import { setTimeout as sleep } from 'node:timers/promises'
import type { SqliteDatabase } from '@sluice/sqlite'

interface Job {
  readonly run: () => () => void
  readonly fail: (error: unknown) => void
  tries: number
}

/**
 * The pause before another try while another process holds the file, which it does for less than a millisecond. SQLite's
 * own waiting would block the whole event loop for longer.
 */
const RETRY_MS = 1
/** Tries before a write is given up, after some two seconds. */
const MOST_TRIES = 2_000

/**
 * Puts all writes of one turn of the event loop into one transaction, so that under load many requests share a commit.
 * The promise of a write resolves after the commit, with the result of its own work. While another process holds the
 * file, later writes join the same batch; the event loop is not blocked.
 * @param db one whose `busy_timeout` is 0
 */
export function createBatch(db: SqliteDatabase): <T>(work: () => T) => Promise<T> {
  let waiting: Job[] = []
  let isFlushing = false
  const commit = db.transaction((jobs: readonly Job[]) => jobs.map(({ run }) => run()))

  /** @returns the jobs that have to wait because another process has the file */
  const attempt = (jobs: readonly Job[]): readonly Job[] => {
    let done: readonly (() => void)[]
    try {
      done = commit.immediate(jobs)
    } catch (error) {
      const [first] = jobs
      if (isBusy(error)) return jobs.filter((job) => isPatient(job, error))
      if (jobs.length === 1) first?.fail(error)
      // One job fails and takes the others with it, so each gets a transaction of its own.
      else return jobs.flatMap((job) => attempt([job]))
      return []
    }
    for (const resolve of done) resolve()
    return []
  }
  const flush = async (): Promise<void> => {
    isFlushing = true
    while (waiting.length > 0) {
      const jobs = waiting
      waiting = []
      const left = attempt(jobs)
      waiting = [...left, ...waiting]
      if (left.length > 0) await sleep(RETRY_MS)
    }
    isFlushing = false
  }
  return async (work) =>
    await new Promise((resolve, reject) => {
      if (waiting.length === 0 && !isFlushing) setImmediate(() => void flush())
      waiting.push({
        run: () => {
          const value = work()
          return () => resolve(value)
        },
        fail: reject,
        tries: 0,
      })
    })
}

function isPatient(job: Job, error: unknown): boolean {
  if (++job.tries < MOST_TRIES) return true
  job.fail(error)
  return false
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
}
