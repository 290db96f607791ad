/** What has to be stopped, in reverse order of its start. */
export interface Undo {
  later(step: () => Promise<void>): void
  /** Runs all steps, newest first, once; every step runs even if one fails, and the first failure is thrown. */
  readonly run: () => Promise<void>
}

function createUndo(): Undo {
  const steps: (() => Promise<void>)[] = []
  return {
    later: (step) => void steps.push(step),
    async run() {
      const failures: unknown[] = []
      for (let step = steps.pop(); step; step = steps.pop())
        await step().catch((error: unknown) => failures.push(error))
      if (failures.length > 0) throw failures[0]
    },
  }
}

/** Runs `start`; when it fails, what it had started so far is stopped again. */
export async function orUndo<T>(start: (undo: Undo) => Promise<T>): Promise<T> {
  const undo = createUndo()
  try {
    return await start(undo)
  } catch (error) {
    await undo.run()
    throw error
  }
}
