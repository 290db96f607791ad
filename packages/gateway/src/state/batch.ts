import type { SqliteDatabase } from '@sluice/sqlite'

interface Job {
  readonly run: () => () => void
  readonly fail: (error: unknown) => void
}

/**
 * Puts the writes of one turn of the event loop into one transaction: under load a commit is shared by many requests.
 * A promise resolves after the commit, with what its own work gave.
 */
export function createBatch(db: SqliteDatabase): <T>(work: () => T) => Promise<T> {
  let waiting: Job[] = []
  const commit = db.transaction((jobs: readonly Job[]) => jobs.map(({ run }) => run()))
  const alone = (job: Job): void => {
    try {
      for (const resolve of commit.immediate([job])) resolve()
    } catch (error) {
      job.fail(error)
    }
  }
  const flush = (): void => {
    const jobs = waiting
    waiting = []
    let done: readonly (() => void)[]
    try {
      done = commit.immediate(jobs)
    } catch (error) {
      // One of them cannot be done; the others must not suffer for it. But a locked file is locked for all of them, and
      // each would wait for it again, with everything else standing still.
      const settle = isBusy(error) ? ({ fail }: Job) => fail(error) : alone
      for (const job of jobs) settle(job)
      return
    }
    for (const resolve of done) resolve()
  }
  return async (work) =>
    await new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({
        run: () => {
          const value = work()
          return () => resolve(value)
        },
        fail: reject,
      })
    })
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
}
