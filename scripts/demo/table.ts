import Table from 'cli-table3'
import type { StepResult } from './steps.ts'

/** The demo's result as a subnet owner reads it: one line per step. */
export function stepTable(steps: readonly StepResult[], miners: number): string {
  const table = new Table({
    head: ['step', 'in the cohort', 'S3', 'HuggingFace', 'verdicts', 'where miners keep data', 'as it must be'],
    style: { head: [], border: [] },
  })
  for (const { title, inCohort, usage, verdicts, uris, problems } of steps) {
    const held = usage.miners.map(({ coverage }) => coverage.held)
    const { s3, huggingface, both, neither, unknown } = usage.counts
    table.push([
      title,
      `${inCohort.length} of ${miners}${inCohort.length > 0 && inCohort.length < miners ? `\n${inCohort.join('\n')}` : ''}`,
      usage.miners.every((miner) => miner.s3 === 'unreachable')
        ? 'not reachable'
        : amount(held.map((backends) => backends.s3)),
      amount(held.map((backends) => backends.huggingface)),
      [...verdicts].map(([verdict, count]) => `${count} ${verdict}`).join('\n') + `\nof ${uris} URIs`,
      parts([
        [both, 'in both'],
        [s3, 'S3 only'],
        [huggingface, 'HuggingFace only'],
        [neither, 'nowhere'],
        [unknown, 'S3 not reachable'],
      ]),
      problems.length === 0 ? 'yes' : 'NO',
    ])
  }
  return table.toString()
}

function amount(held: readonly { readonly rows: number; readonly bytes: number }[]): string {
  const rows = held.reduce((sum, part) => sum + part.rows, 0)
  const bytes = held.reduce((sum, part) => sum + part.bytes, 0)
  return rows === 0 ? '–' : `${rows} rows\n${(bytes / 1e6).toFixed(2)} MB`
}

function parts(counts: readonly (readonly [number, string])[]): string {
  return counts
    .filter(([count]) => count > 0)
    .map(([count, text]) => `${count} ${text}`)
    .join('\n')
}
