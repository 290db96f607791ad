import { deliver, type DeliveryOptions } from './deliver.ts'
import type { OutboxFile } from '../outbox/files.ts'
import { type ManifestWriterOptions, writeManifest } from './manifest-writer.ts'
import { partitionId } from '../export/partitions.ts'
import type { Cycle } from './cycle-targets.ts'

export interface SendOptions extends DeliveryOptions {
  readonly manifest: ManifestWriterOptions
}

/**
 * Sends all that lies in the spool: to every wanted backend at the same time, or, with a stand-in, to the wanted one
 * first and what it did not take to the stand-in. Each backend's manifest follows its files.
 */
export async function sendSpool(
  options: SendOptions,
  cycle: Cycle,
  wanted: readonly string[],
  standIn: string | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const { outbox, now } = options
  outbox.transaction(() => {
    for (const name of wanted) for (const file of outbox.files.missingIn(name)) outbox.jobs.ensure(file.id, name, now())
  })
  await Promise.all(wanted.map((name) => sendTo(options, cycle, name, () => true, signal)))
  if (standIn === undefined) return

  // It stands in for what the policy wants, not for the miner's own places.
  const required = wanted.filter((name) => cycle.plan.required.some((known) => known === name))
  const waiting = new Set(required.flatMap((name) => [...unlistedGroups(options, name)]))
  const held = outbox.targets.listed(standIn)
  const covered = outbox.files.live().filter((file) => waiting.has(groupOf(file)) && !held.has(file.id))
  if (covered.length === 0) return
  if ((await cycle.prepare(standIn, signal)) !== 'ready') return
  outbox.transaction(() => {
    for (const file of covered) outbox.jobs.ensure(file.id, standIn, now())
  })
  const keys = new Set(covered.map((file) => file.key))
  await sendTo(options, cycle, standIn, (key) => keys.has(key), signal)
}

async function sendTo(
  options: SendOptions,
  cycle: Cycle,
  name: string,
  pick: (key: string) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  const target = cycle.ready(name)
  if (target === null) return
  const jobs = options.outbox.jobs.sendable(name).filter((job) => pick(job.key))
  const delivered = await deliver(options, target, jobs, signal)
  cycle.copies.push(...delivered.copies)
  for (const failure of delivered.failed) cycle.fail(failure.backend, failure.key, failure)
  if (delivered.exhausted) cycle.takeDown(name)
  else await writeListing(options, cycle, name, signal)
}

/** Writes the backend's manifest when its list changed. */
export async function writeListing(
  options: SendOptions,
  cycle: Cycle,
  name: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { block } = cycle.plan
  return await cycle.attempt(
    name,
    async (target) => {
      const written = await writeManifest(options.manifest, target, block, signal)
      if (written) options.log.info({ backend: name }, `${name}: manifest written`)
    },
    signal,
  )
}

const groupOf = (file: OutboxFile): string =>
  file.source === null || file.hour === null ? file.key : partitionId(file.source, file.hour)

/** Partitions and files whose live content the backend does not list: a validator cannot see them there. */
function unlistedGroups({ outbox }: SendOptions, name: string): Set<string> {
  const listed = outbox.targets.listed(name)
  return new Set(outbox.files.live().flatMap((file) => (listed.has(file.id) ? [] : [groupOf(file)])))
}

/** Removes local files that nobody waits for: superseded, or verified with their whole partition where required. */
export async function cleanSpool({ outbox, spool }: DeliveryOptions, wanted: readonly string[]): Promise<void> {
  const missing = new Set(wanted.flatMap((name) => outbox.files.missingIn(name).map(groupOf)))
  for (const file of outbox.files.withLocalCopy()) {
    if (file.path === null || (file.live && missing.has(groupOf(file)))) continue
    await spool.remove(file.path)
    outbox.files.forgetPath(file.id)
  }
  outbox.files.removeGone()
}
