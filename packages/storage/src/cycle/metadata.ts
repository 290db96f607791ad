import type { Outbox } from '../outbox/outbox.ts'
import type { SourceMetadata } from '../receipt.ts'
import type { Cycle } from './cycle-targets.ts'
import { knownNames } from './target.ts'

export interface MetadataOptions {
  readonly outbox: Outbox
  readonly hotkey: string
  readonly encodingKey: string | null
}

/** The originals' metadata: one entry per source and backend that holds something of it. */
export function sourceMetadata({ outbox, hotkey, encodingKey }: MetadataOptions, cycle: Cycle): SourceMetadata[] {
  const result: SourceMetadata[] = []
  for (const backend of knownNames(outbox)) {
    const state = outbox.targets.get(backend)
    if (state === null) continue
    const total = new Map<string, number>()
    for (const { source, rows, live } of outbox.files.verifiedIn(backend)) {
      if (live && source !== null) total.set(source, (total.get(source) ?? 0) + (rows ?? 0))
    }
    const place = cycle.ready(backend)?.place ?? null
    const names = { s3: 'bucket', huggingface: 'repo' }[backend]
    const where = place === null || names === undefined ? {} : { [names]: place }
    for (const [source, rows] of [...total].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const uploaded = cycle.copies.filter((copy) => copy.backend === backend && copy.source === source)
      result.push({
        source,
        rows_uploaded: uploaded.reduce((sum, copy) => sum + (copy.rows ?? 0), 0),
        total_rows: rows,
        last_upload: state.manifestAt === null ? null : new Date(state.manifestAt).toISOString(),
        storage_type: backend,
        ...where,
        miner_hotkey: hotkey,
        encoding_key: encodingKey,
      })
    }
  }
  return result
}
