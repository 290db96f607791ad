import type { Hotkey } from '@sluice/hotkey'
import { createHash } from 'node:crypto'
import { MANIFEST_KEY, type ManifestFile, sealManifest } from '@sluice/dataset'
import type { OutboxFile } from '../outbox/files.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { partitionId } from '../export/partitions.ts'
import type { Target } from './target.ts'

export interface ManifestWriterOptions {
  readonly outbox: Outbox
  readonly signer: Hotkey
  readonly netuid: number
  readonly now: () => number
}

/**
 * What a backend's manifest has to list: of each partition the live parts when all are verified there, else the parts
 * it listed before, so that a partition is never listed in part nor twice.
 */
function listedFiles(outbox: Outbox, backend: string): readonly OutboxFile[] {
  const verified = outbox.files.verifiedIn(backend)
  const held = new Set(verified.map((file) => file.id))
  const listed = outbox.targets.listed(backend)
  const groups = new Map<string, { live: OutboxFile[]; before: OutboxFile[] }>()
  const group = (file: OutboxFile): { live: OutboxFile[]; before: OutboxFile[] } => {
    const id = file.source === null || file.hour === null ? file.key : partitionId(file.source, file.hour)
    const present = groups.get(id) ?? { live: [], before: [] }
    groups.set(id, present)
    return present
  }
  for (const file of outbox.files.live()) group(file).live.push(file)
  for (const file of verified) if (listed.has(file.id)) group(file).before.push(file)
  const result: OutboxFile[] = []
  for (const { live, before } of groups.values()) {
    if (live.length === 0) continue // removed on purpose (`retention: mirror`)
    result.push(...(live.every((file) => held.has(file.id)) ? live : before))
  }
  return result.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/**
 * Writes the manifest when the list changed. Safe to repeat after a crash: the state is read back by `reconcile` first.
 * @returns whether one was written
 * @throws BackendError
 */
export async function writeManifest(
  { outbox, signer, netuid, now }: ManifestWriterOptions,
  target: Target,
  policyBlock: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const files = listedFiles(outbox, target.name)
  const state = outbox.targets.get(target.name)
  const listed = outbox.targets.listed(target.name)
  const same = files.length === listed.size && files.every((file) => listed.has(file.id))
  if (same && (state?.manifestSha256 != null || files.length === 0)) return false

  const sequence = (state?.sequence ?? 0) + 1
  const createdAt = new Date(now()).toISOString()
  const previous = state?.manifestSha256 ?? null
  const { name: backend } = target
  const manifest = {
    v: 1,
    backend,
    netuid,
    hotkey: signer.address,
    sequence,
    previous,
    policyBlock,
    createdAt,
  } as const
  const data = await sealManifest({ ...manifest, files: files.map(toEntry) }, signer)
  const sha256 = createHash('sha256').update(data).digest('hex')
  const object = { key: MANIFEST_KEY, bytes: data.byteLength, sha256, source: { data } }
  for await (const result of target.backend.put([object], signal === undefined ? {} : { signal })) {
    if (!result.ok) throw result.error
  }
  outbox.transaction(() => {
    const ids = files.map((file) => file.id)
    outbox.targets.setManifest(backend, sequence, sha256, now(), ids)
  })
  return true
}

function toEntry({ key, bytes, sha256, rows, source, hour }: OutboxFile): ManifestFile {
  return { path: key, bytes, sha256, rows, source, hour }
}

/** Deletes superseded files that the last manifest no longer names; marked first, so that a crash repeats it. */
export async function deleteSuperseded(
  { outbox, now }: ManifestWriterOptions,
  target: Target,
  signal?: AbortSignal,
): Promise<number> {
  const gone = outbox.jobs.deletable(target.name)
  if (gone.length === 0) return 0
  outbox.transaction(() => {
    for (const { file } of gone) outbox.jobs.set(file, target.name, 'leaving', now())
  })
  const keys = gone.map((entry) => entry.key)
  await target.backend.delete(keys, signal === undefined ? {} : { signal })
  outbox.transaction(() => {
    for (const { file } of gone) outbox.jobs.remove(file, target.name)
  })
  return gone.length
}
