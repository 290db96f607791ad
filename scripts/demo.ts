// The main job on one machine: real records, eight miners, the dial from 0 to 100 % with an outage on the way.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { deal, rowsFromDatabase, rowsFromRecords } from './demo/databases.ts'
import { readOptions } from './demo/options.ts'
import { realRecords } from './demo/records.ts'
import { runStory } from './demo/story.ts'
import type { StepResult } from './demo/steps.ts'
import { stepTable } from './demo/table.ts'

// The SDK's warning about Node 20 is not news that a reader of the demo can act on.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

const checkout = fileURLToPath(new URL('..', import.meta.url))
const minerCount = 8
const waves = 4
const stop = new AbortController()

/** Runs the demo; the exit code is 0 only when every verdict is what it must be. */
async function main(): Promise<number> {
  const options = readOptions()
  process.once('SIGINT', () => stop.abort())
  const started = performance.now()
  const { rows, from } =
    options.db === undefined
      ? fromMachine()
      : { rows: rowsFromDatabase(options.db), from: `the database ${options.db}` }
  console.log(`${rows.length} real records from ${from}, for ${minerCount} miners.`)

  const folder = await mkdtemp(join(tmpdir(), 'sluice-demo-'))
  try {
    const story = { folder, checkout, dealt: deal(rows, waves, minerCount), minerCount, options, signal: stop.signal }
    let exitCode = 1
    await runStory(
      story,
      (line) => console.log(line),
      (steps) => {
        exitCode = report(steps, started)
      },
    )
    return exitCode
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Prints the table and what is wrong; returns the exit code. */
function report(steps: readonly StepResult[], started: number): number {
  console.log(`\n${stepTable(steps, minerCount)}`)
  const problems = steps.flatMap((step) => step.problems.map((problem) => `${step.title}: ${problem}`))
  for (const problem of problems) console.error(`NOT AS IT MUST BE  ${problem}`)
  if (problems.length > 0) return 1
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(`Every verdict is what it must be (${seconds} s). Nothing left this machine.`)
  return 0
}

function fromMachine(): { rows: ReturnType<typeof rowsFromRecords>; from: string } {
  const { records, from } = realRecords(checkout)
  return { rows: rowsFromRecords(records, new Date()), from }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

main().then(
  (exitCode) => process.exit(exitCode), // the chain library's timers would keep the process for seconds
  (error: unknown) => {
    const isStopped = stop.signal.aborted
    console.error(isStopped ? 'demo: stopped, nothing is left behind' : `demo: ${messageOf(error)}`)
    process.exit(isStopped ? 130 : 1)
  },
)
