import { decide, type Policy } from '@sluice/rollout'
import type { Receipt } from '@sluice/storage'
import type { StorageUsage, Validator } from '@sluice/validator'
import type { Row } from './databases.ts'
import type { DemoMiner } from './miners.ts'

/** What one step of the demo showed, and what was wrong with it. */
export interface StepResult {
  readonly title: string
  readonly inCohort: readonly string[]
  readonly usage: StorageUsage
  /** URIs by combined verdict, over all miners. */
  readonly verdicts: ReadonlyMap<string, number>
  readonly uris: number
  /** One sentence per broken promise; empty when the step is as it must be. */
  readonly problems: readonly string[]
}

/** What must hold after a step. */
export interface Expectation {
  readonly title: string
  readonly policy: Policy
  /** The network between everybody and S3 is cut. */
  readonly s3Down: boolean
}

/** A URI is asked for with its source and hour, as a validator that knows the miner's index does. */
const mostUrisPerMiner = 100

/** Lets the validator judge every miner and holds its answer against what the policy promises. */
export async function checkStep(
  expectation: Expectation,
  miners: readonly DemoMiner[],
  receipts: readonly Receipt[],
  validator: Validator,
  signal: AbortSignal,
): Promise<StepResult> {
  const { policy, s3Down, title } = expectation
  const verdicts = new Map<string, number>()
  const problems: string[] = []
  const inCohort: string[] = []
  let uris = 0
  const usage = await validator.monitorStorageUsage({ signal })
  for (const [index, miner] of miners.entries()) {
    const plan = decide(policy, usage.netuid, miner.hotkey, usage.block)
    if (plan.inCohort) inCohort.push(miner.name)
    problems.push(...receiptProblems(miner, receipts[index], plan.inCohort && s3Down))
    const sample = newestFirst(miner.rows).slice(0, mostUrisPerMiner)
    const report = await validator.validateMinerData(
      miner.hotkey,
      sample.map(({ uri, source, timeBucketId }) => ({ uri, source, timeBucketId })),
      { signal },
    )
    for (const { uri, verdict, s3, huggingface } of report.verdicts) {
      uris++
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
      if (verdict !== 'valid') problems.push(`${miner.name}: ${uri} is ${verdict}`)
      const wanted = (plan.inCohort && !s3Down ? s3 : huggingface).verdict
      if (wanted !== 'valid') problems.push(`${miner.name}: ${uri} is ${wanted} where the policy wants it`)
    }
    const held = usage.miners.find(({ hotkey }) => hotkey === miner.hotkey)?.coverage.held
    if (!held) problems.push(`${miner.name}: the validator did not find it`)
    else if (!plan.inCohort && held.s3.files > 0) problems.push(`${miner.name}: outside the cohort, but sent to S3`)
    else if (plan.inCohort && !s3Down && held.s3.rows !== miner.rows.length) {
      problems.push(`${miner.name}: S3 holds ${held.s3.rows} of ${miner.rows.length} rows`)
    }
  }
  return { title, inCohort, usage, verdicts, uris, problems: summarised(problems) }
}

function receiptProblems(miner: DemoMiner, receipt: Receipt | undefined, mustFallBack: boolean): string[] {
  if (receipt === undefined) return [`${miner.name}: no receipt`]
  if (!mustFallBack) {
    return receipt.complete
      ? []
      : [`${miner.name}: not complete (${receipt.failedAttempts[0]?.message ?? 'no reason'})`]
  }
  if (receipt.complete) return [`${miner.name}: says complete while S3 is down`]
  const stoodIn = receipt.copies.some((copy) => copy.backend === 'huggingface')
  return stoodIn ? [] : [`${miner.name}: HuggingFace did not stand in for S3`]
}

function newestFirst(rows: readonly Row[]): Row[] {
  return rows.toReversed()
}

function summarised(problems: readonly string[], most = 12): string[] {
  return problems.length <= most ? [...problems] : [...problems.slice(0, most), `and ${problems.length - most} more`]
}
