import { chainText, type Terminal } from '@sluice/command-line'
import type { ChainFacts, StorageConfig } from '../policy/in-force.ts'
import type { FailedAttempt, Receipt } from '../receipt.ts'
import type { BucketSettings } from '../settings.ts'
import type { StorageStatus } from '../status.ts'

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/**
 * What a miner has to know that forces S3 although the policy does not send it there; null when nothing is wrong. A gateway
 * admits whom the policy admits, so without credentials of the bucket the force is in vain.
 */
export function refusedOverride(settings: BucketSettings, plan: { readonly inCohort: boolean }): string | null {
  if (settings.forceS3 !== true || plan.inCohort || settings.accessKeyId !== undefined) return null
  return (
    '--force-s3 is in vain: this hotkey is not in the cohort, and the gateway admits the cohort only. ' +
    'Leave it out, or use credentials of the bucket.'
  )
}

/** The receipt of one upload for people. */
export function showReceipt(
  terminal: Terminal,
  receipt: Receipt,
  chain: ChainFacts | null,
  refused: string | null,
): void {
  terminal.line(receipt.plan.reason)
  if (chain !== null) terminal.line(`chain: ${chainText(chain)}`)
  const rows = receipt.metadata.map((entry) => [
    entry.source,
    entry.storage_type,
    entry.bucket ?? entry.repo ?? '-',
    String(entry.rows_uploaded),
    String(entry.total_rows),
  ])
  if (rows.length > 0) terminal.table(['source', 'backend', 'place', 'rows sent', 'rows there'], rows)
  const causes = causesOf(receipt.failedAttempts)
  for (const line of causes.slice(0, 10)) terminal.line(`failed: ${line}`)
  if (causes.length > 10) terminal.line(`and ${causes.length - 10} causes more`)
  if (refused !== null) terminal.warn(refused)
  terminal.line(
    receipt.complete ? 'complete: every required backend holds everything' : 'not complete: run the command again',
  )
}

/** One line per cause, with the first of the files it hit. */
function causesOf(failures: readonly FailedAttempt[]): readonly string[] {
  const byCause = new Map<string, FailedAttempt[]>()
  for (const failure of failures) {
    const cause = `${failure.backend} ${failure.code}`
    byCause.set(cause, [...(byCause.get(cause) ?? []), failure])
  }
  return [...byCause.values()].map(([first, ...others]) => {
    const { backend = null, key = null, message = '' } = first ?? {}
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`
    return `${[backend ?? 'local', key].filter(Boolean).join(' ')}: ${message}${more}`
  })
}

/** The status for people. */
export function showStatus(terminal: Terminal, status: StorageStatus): void {
  const { plan } = status
  const uses = (name: string): boolean => plan?.required.some((b) => b === name) === true || plan?.standIn === name
  const policy = plan === null ? 'not read yet; run upload' : `${plan.reason} (${plan.origin}, block ${plan.block})`
  const s3 =
    plan === null ? 'unknown' : uses('s3') ? `ENABLED, bucket ${plan.bucketName}, region ${plan.region}` : 'DISABLED'
  terminal.line(`owner        ${status.owner ?? 'nobody yet'}`)
  terminal.line(`S3           ${s3}`)
  terminal.line(`HuggingFace  ${plan === null ? 'unknown' : uses('huggingface') ? 'ENABLED' : 'DISABLED'}`)
  terminal.line(`policy       ${policy}`)
  if (plan?.chain) terminal.line(`chain        ${chainText(plan.chain)}`)
  terminal.line(`rows         ${status.rows} in ${status.liveFiles} files of ${status.partitions} hours`)
  terminal.line(`waiting      ${status.spooledFiles} files, ${megabytes(status.spooledBytes)}`)
  terminal.line(`pointer      ${status.pointer ?? 'none published from here'}`)
  const rows = status.backends.map((backend) => [
    backend.backend,
    backend.place,
    `${backend.listedFiles} listed, ${backend.verifiedFiles} verified (${megabytes(backend.verifiedBytes)})`,
    String(backend.queuedFiles),
    String(backend.deadFiles),
    backend.manifestAt === null ? 'never' : `${backend.manifestSequence} at ${backend.manifestAt}`,
  ])
  if (rows.length > 0) terminal.table(['backend', 'place', 'files', 'queued', 'dead', 'manifest'], rows)
  for (const { backend, key, error } of status.dead) {
    terminal.line(`dead: ${backend} ${key}: ${error ?? 'no reason kept'}`)
  }
}

/** The policy and what follows from it, for people. */
export function showConfig(terminal: Terminal, { netuid, hotkey, snapshot, plan, chain }: StorageConfig): void {
  const { policy, origin, block } = snapshot
  const store = [
    ...plan.required.map((name) => `${name} (required)`),
    ...(plan.standIn ? [`${plan.standIn} (stand-in)`] : []),
  ]
  terminal.line(`subnet ${netuid}, hotkey ${hotkey}`)
  terminal.line(`policy from ${origin}, block ${block}`)
  if (chain !== null) terminal.line(`chain ${chainText(chain)}`)
  terminal.line(
    `S3 ${policy.useS3 ? 'on' : 'off'}, HuggingFace ${policy.useHuggingFace ? 'on' : 'off'}, mode ${policy.mode}, ${policy.rolloutPercentage} %`,
  )
  terminal.line(`bucket ${policy.s3.bucketName ?? '-'}, region ${policy.s3.region}`)
  terminal.line(`cohort ${policy.cohort}: this hotkey has slot ${plan.slot} and is ${plan.inCohort ? 'in' : 'out'}`)
  terminal.line(plan.reason)
  terminal.line(`stores in ${store.join(', ')}`)
}
