import type { SqliteDatabase } from '@sluice/sqlite'
import { createDigestTable, type DigestTable } from './digests.ts'
import { StorageError } from '../errors.ts'
import { createFileTable, type FileTable } from './files.ts'
import { createJobTable, type JobTable } from './jobs.ts'
import { openState } from './schema.ts'
import { createPartitionTable, type PartitionTable } from './partitions.ts'
import { createTargetTable, type TargetTable } from './targets.ts'

/** The miner's durable memory: what was exported, where it must go, what is verified where. */
export interface Outbox {
  readonly partitions: PartitionTable
  readonly digests: DigestTable
  readonly files: FileTable
  readonly jobs: JobTable
  readonly targets: TargetTable
  meta(key: string): string | null
  setMeta(key: string, value: string): void
  /** All changes of `work` or none. */
  transaction<T>(work: () => T): T
  close(): void
}

export interface OutboxIdentity {
  readonly hotkey: string
  readonly netuid: number
}

/**
 * Opens the outbox of one miner and puts jobs that a killed process left behind back into the queue.
 * The caller holds the lock of `lockState`, unless `readonly`.
 * @throws StorageError `STATE_CORRUPT`, `STATE_FOREIGN`, `STATE_UNWRITABLE`, `NO_SPACE`
 */
export function openOutbox(stateFile: string, identity: OutboxIdentity | null, readonly = false): Outbox {
  const db = openState(stateFile, { readonly })
  const outbox = createOutbox(db)
  if (identity === null) return outbox
  try {
    claim(outbox, stateFile, identity)
    outbox.jobs.requeueInterrupted()
  } catch (error) {
    db.close()
    throw error
  }
  return outbox
}

function createOutbox(db: SqliteDatabase): Outbox {
  const readMeta = db.prepare<[string], string>('SELECT value FROM meta WHERE key = ?').pluck()
  const writeMeta = db.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value')
  return {
    partitions: createPartitionTable(db),
    digests: createDigestTable(db),
    files: createFileTable(db),
    jobs: createJobTable(db),
    targets: createTargetTable(db),
    meta: (key) => readMeta.get(key) ?? null,
    setMeta: (key, value) => void writeMeta.run(key, value),
    transaction: (work) => db.transaction(work).immediate(),
    close: () => void db.close(),
  }
}

function claim(outbox: Outbox, stateFile: string, { hotkey, netuid }: OutboxIdentity): void {
  const owner = `${hotkey} on netuid ${netuid}`
  const known = outbox.meta('owner')
  if (known === null) outbox.setMeta('owner', owner)
  else if (known !== owner) {
    const text = `${stateFile} belongs to ${known}, not to ${owner}; give every hotkey its own state file`
    throw new StorageError('STATE_FOREIGN', text)
  }
}
