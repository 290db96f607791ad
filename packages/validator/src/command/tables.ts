import { backendNames } from '@sluice/rollout'
import Table from 'cli-table3'
import { type StorageUsage, usages } from '../adoption.ts'
import { printable, shortened } from '../printable.ts'
import type { MinerReport } from '../check/validate-miner.ts'

const plain = { style: { head: [], border: [] } }

/** A miner's report for people. */
export function reportTable(report: MinerReport): string {
  const lines: string[] = [`Miner ${printable(report.hotkey)} at block ${report.block}`]
  for (const name of backendNames) {
    const { manifest, reason, sequence, files, requests, bytesRead, samples } = report[name]
    const facts =
      sequence === null
        ? reason
        : `manifest ${sequence}, ${files} files; ${requests} range reads, ${bytesRead} bytes, ${samples.length} files read whole`
    lines.push(`  ${name}: ${manifest} - ${printable(facts)}`)
  }
  if (!report.huggingFaceCounts) lines.push('  HuggingFace alone no longer counts (sunset block reached).')
  if (report.verdicts.length > 0) {
    const table = new Table({ head: ['URI', 'verdict', 'S3', 'HuggingFace', 'why'], ...plain })
    for (const { uri, verdict, conflict, s3, huggingface } of report.verdicts) {
      const why = verdict === 'valid' && !conflict ? '' : shortened(`${s3.reason}; ${huggingface.reason}`, 60)
      table.push([shortened(uri, 48), verdict + (conflict ? ' (conflict)' : ''), s3.verdict, huggingface.verdict, why])
    }
    lines.push(table.toString())
  }
  return [...lines, ...report.problems.map((problem) => `! ${printable(problem)}`), ''].join('\n')
}

/** A subnet's adoption for people. */
export function usageTable(usage: StorageUsage): string {
  const { counts, shares, total } = usage
  const share = (name: keyof typeof counts): string => `${name} ${counts[name]} (${(shares[name] * 100).toFixed(1)} %)`
  const head = [
    'uid',
    'hotkey',
    'cohort',
    'keeps data in',
    'follows policy',
    'files',
    'rows',
    'S3 lacks',
    'HF lacks',
    'S3 behind',
  ]
  const table = new Table({ head, ...plain })
  for (const { uid, hotkey, inCohort, usage: where, follows, coverage, lagHours } of usage.miners) {
    const answer = follows === null ? '?' : follows ? 'yes' : 'no'
    const behind = lagHours === null ? '' : `${lagHours.s3} h`
    const { files, rows, missing } = coverage
    table.push([
      uid,
      shortened(hotkey, 16),
      inCohort ? 'in' : 'out',
      where,
      answer,
      files,
      rows,
      missing.s3,
      missing.huggingface,
      behind,
    ])
  }
  const problems = usage.miners.flatMap(({ uid, problems }) =>
    problems.map((problem) => `! uid ${uid}: ${printable(problem)}`),
  )
  return [
    `Subnet ${usage.netuid} at block ${usage.block}: ${total} miners, rollout ${usage.rolloutPercentage} %, ${usage.inCohort} in the cohort (policy: ${usage.policyOrigin})`,
    usages.map(share).join(' | '),
    table.toString(),
    ...problems,
    ...usage.warnings.map((warning) => `! ${printable(warning)}`),
    '',
  ].join('\n')
}
