import { chainText, shortened, type Terminal } from '@sluice/command-line'
import { backendNames } from '@sluice/rollout'
import { type StorageUsage, type Usage, usages } from '../adoption.ts'
import type { MinerReport } from '../check/validate-miner.ts'
import type { ChainFacts } from '../compose.ts'

/** A miner's report for people. */
export function showReport(terminal: Terminal, report: MinerReport, chain: ChainFacts): void {
  terminal.title(`Miner ${report.hotkey} at block ${report.block} of ${chainText(chain)}`)
  for (const name of backendNames) {
    const { manifest, reason, sequence, files, requests, bytesRead, samples } = report[name]
    const facts =
      sequence === null
        ? reason
        : `manifest ${sequence}, ${files} files; ${requests} range reads, ${bytesRead} bytes, ${samples.length} files read whole`
    terminal.line(`  ${name}: ${manifest} - ${facts}`)
  }
  if (!report.huggingFaceCounts) terminal.line('  HuggingFace alone no longer counts (sunset block reached).')
  if (report.verdicts.length > 0) {
    const rows = report.verdicts.map(({ uri, verdict, conflict, s3, huggingface }) => {
      const why = verdict === 'valid' && !conflict ? '' : shortened(`${s3.reason}; ${huggingface.reason}`, 200)
      return [shortened(uri, 100), verdict + (conflict ? ' (conflict)' : ''), s3.verdict, huggingface.verdict, why]
    })
    terminal.table(['URI', 'verdict', 'S3', 'HuggingFace', 'why'], rows)
  }
  for (const problem of report.problems) terminal.line(`! ${problem}`)
}

const places: Readonly<Record<Usage, string>> = {
  s3: 'S3',
  huggingface: 'HF',
  both: 'both',
  neither: 'neither',
  unknown: 'unknown',
}

/** A subnet's adoption for people. */
export function showUsage(terminal: Terminal, usage: StorageUsage, chain: ChainFacts): void {
  const { counts, shares, total, netuid, block } = usage
  terminal.title(`Subnet ${netuid} at block ${block} of ${chainText(chain)}`)
  terminal.line(
    `${total} miners, rollout ${usage.rolloutPercentage} %, ${usage.inCohort} in the cohort (policy: ${usage.policyOrigin})`,
  )
  terminal.table(
    ['data in', ...usages.map((name) => places[name])],
    [
      ['miners', ...usages.map((name) => String(counts[name]))],
      ['share', ...usages.map((name) => `${(shares[name] * 100).toFixed(1)} %`)],
    ],
  )
  terminal.table(
    ['uid', 'hotkey', 'cohort', 'data in', 'follows', 'files', 'rows', 'S3 lacks', 'HF lacks', 'behind'],
    usage.miners.map(({ uid, hotkey, inCohort, usage: where, follows, coverage, lagHours }) => [
      String(uid),
      shortened(hotkey, 9),
      inCohort ? 'in' : 'out',
      places[where],
      follows === null ? '?' : follows ? 'yes' : 'no',
      String(coverage.files),
      String(coverage.rows),
      String(coverage.missing.s3),
      String(coverage.missing.huggingface),
      lagHours === null ? '' : `${lagHours.s3} h`,
    ]),
  )
  for (const { uid, problems } of usage.miners) {
    for (const problem of problems) terminal.line(`! uid ${uid}: ${problem}`)
  }
  for (const warning of usage.warnings) terminal.line(`! ${warning}`)
}
