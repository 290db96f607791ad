import Table from 'cli-table3'
import type { StorageConfig } from '../policy/in-force.ts'
import type { Receipt } from '../receipt.ts'
import type { StorageStatus } from '../status.ts'

/** Sizes and names may come from elsewhere: no control characters reach the terminal. */
const clean = (text: string): string => text.replaceAll(/\p{Cc}/gu, '?')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const plain = new Table({ head: [...head], style: { head: [], border: [] } })
  for (const row of rows) plain.push(row.map(clean))
  return plain.toString()
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** The receipt of one upload for people. */
export function receiptLines(receipt: Receipt): readonly string[] {
  const failures = receipt.failedAttempts.slice(0, 10).map(({ backend, key, message }) => {
    return clean(`failed: ${[backend ?? 'local', key].filter(Boolean).join(' ')}: ${message}`)
  })
  const more = receipt.failedAttempts.length - failures.length
  const rows = receipt.metadata.map((entry) => [
    entry.source,
    entry.storage_type,
    entry.bucket ?? entry.repo ?? '-',
    String(entry.rows_uploaded),
    String(entry.total_rows),
  ])
  return [
    clean(receipt.plan.reason),
    ...(rows.length === 0 ? [] : [table(['source', 'backend', 'place', 'rows sent', 'rows there'], rows)]),
    ...failures,
    ...(more > 0 ? [`and ${more} failures more`] : []),
    receipt.complete ? 'complete: every required backend holds everything' : 'not complete: run the command again',
  ]
}

/** The status for people. */
export function statusLines(status: StorageStatus): readonly string[] {
  const { plan } = status
  const uses = (name: string): boolean => plan?.required.some((b) => b === name) === true || plan?.standIn === name
  const rows = status.backends.map((backend) => [
    backend.backend,
    backend.place,
    `${backend.listedFiles} listed, ${backend.verifiedFiles} verified (${megabytes(backend.verifiedBytes)})`,
    String(backend.queuedFiles),
    String(backend.deadFiles),
    backend.manifestAt === null ? 'never' : `${backend.manifestSequence} at ${backend.manifestAt}`,
  ])
  return [
    clean(`owner        ${status.owner ?? 'nobody yet'}`),
    `S3           ${plan === null ? 'unknown' : uses('s3') ? clean(`ENABLED, bucket ${plan.bucketName}, region ${plan.region}`) : 'DISABLED'}`,
    `HuggingFace  ${plan === null ? 'unknown' : uses('huggingface') ? 'ENABLED' : 'DISABLED'}`,
    clean(
      `policy       ${plan === null ? 'not read yet; run upload' : `${plan.reason} (${plan.origin}, block ${plan.block})`}`,
    ),
    `rows         ${status.rows} in ${status.liveFiles} files of ${status.partitions} hours`,
    `waiting      ${status.spooledFiles} files, ${megabytes(status.spooledBytes)}`,
    clean(`pointer      ${status.pointer ?? 'none published from here'}`),
    ...(rows.length === 0 ? [] : [table(['backend', 'place', 'files', 'queued', 'dead', 'manifest'], rows)]),
    ...status.dead.map(({ backend, key, error }) => clean(`dead: ${backend} ${key}: ${error ?? 'no reason kept'}`)),
  ]
}

/** The policy and what follows from it, for people. */
export function explainLines({ netuid, hotkey, snapshot, plan }: StorageConfig): readonly string[] {
  const { policy, origin, block } = snapshot
  const store = [
    ...plan.required.map((name) => `${name} (required)`),
    ...(plan.standIn ? [`${plan.standIn} (stand-in)`] : []),
  ]
  return [
    `subnet ${netuid}, hotkey ${clean(hotkey)}`,
    `policy from ${origin}, block ${block}`,
    `S3 ${policy.useS3 ? 'on' : 'off'}, HuggingFace ${policy.useHuggingFace ? 'on' : 'off'}, mode ${policy.mode}, ${policy.rolloutPercentage} %`,
    `bucket ${clean(policy.s3.bucketName ?? '-')}, region ${clean(policy.s3.region)}`,
    `cohort ${policy.cohort}: this hotkey has slot ${plan.slot} and is ${plan.inCohort ? 'in' : 'out'}`,
    clean(plan.reason),
    `stores in ${store.join(', ')}`,
  ]
}
