import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReceivedFile } from '../http/body.ts'
import { type BucketRecord, bucketRecord, objectRecord, type ObjectRecord } from './record.ts'
import { readRecord, writeRecord } from './record-file.ts'
import { openUploads, type Uploads } from '../upload/uploads.ts'

/** One bucket on disk. Keys never become file names: records are named by SHA-256, content by a random id. */
export interface Bucket {
  readonly name: string
  readonly settings: BucketRecord
  readonly uploads: Uploads
  /** Folder for bodies that are still arriving, on the same file system as the content. */
  readonly incoming: string
  get(key: string): ObjectRecord | undefined
  /** Keys in UTF-8 byte order, as S3 lists them. */
  keys(): readonly string[]
  dataPath(name: string): string
  /** Moves a received body under a new name into the content folder. */
  keep(received: ReceivedFile): Promise<string>
  /** Makes the record visible in one step after `check` passed, then drops what it replaces. */
  commit(record: ObjectRecord, check?: (current: ObjectRecord | undefined) => void): Promise<void>
  remove(key: string, check?: (current: ObjectRecord | undefined) => void): Promise<void>
  discard(names: readonly string[]): Promise<void>
  saveSettings(settings: BucketRecord): Promise<void>
}

/**
 * Opens or creates the bucket under `root`, which no other process may use; reads every record it has. Survives a
 * killed process, not power loss.
 */
export async function openBucket(root: string, name: string, initial: BucketRecord): Promise<Bucket> {
  const paths = { data: join(root, 'data'), objects: join(root, 'objects'), incoming: join(root, 'incoming') }
  await rm(paths.incoming, { recursive: true, force: true })
  for (const path of Object.values(paths)) await mkdir(path, { recursive: true })
  let settings = (await readRecord(join(root, 'bucket.json'), bucketRecord)) ?? initial
  await writeRecord(join(root, 'bucket.json'), settings, paths.incoming)
  const objects = new Map<string, ObjectRecord>()
  for (const file of await readdir(paths.objects)) {
    const record = await readRecord(join(paths.objects, file), objectRecord)
    if (record !== null) objects.set(record.key, record)
  }
  // A process killed between content and record left content that nothing names.
  const named = new Set([...objects.values()].flatMap(({ files }) => files.map((file) => file.name)))
  for (const file of await readdir(paths.data)) {
    if (!named.has(file)) await rm(join(paths.data, file), { force: true })
  }
  let sorted: string[] | null = null
  let queue: Promise<unknown> = Promise.resolve()

  /** Writers of one bucket take turns, so that a condition and its write are one step. */
  const inTurn = <T>(step: () => Promise<T>): Promise<T> => {
    const turn = queue.then(step)
    queue = turn.catch(() => undefined)
    return turn
  }
  const recordPath = (key: string): string => join(paths.objects, createHash('sha256').update(key).digest('hex'))
  const discard = async (names: readonly string[]): Promise<void> => {
    for (const name of names) await rm(join(paths.data, name), { force: true })
  }
  const namesOf = (record: ObjectRecord | undefined): string[] => record?.files.map((file) => file.name) ?? []

  return {
    name,
    get settings() {
      return settings
    },
    uploads: await openUploads(join(root, 'uploads'), paths.incoming),
    incoming: paths.incoming,
    get: (key) => objects.get(key),
    keys: () => (sorted ??= [...objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))),
    dataPath: (file) => join(paths.data, file),
    discard,
    keep: async (received) => {
      const file = randomUUID()
      await rename(received.path, join(paths.data, file))
      return file
    },
    commit: (record, check) =>
      inTurn(async () => {
        const before = objects.get(record.key)
        check?.(before)
        await writeRecord(recordPath(record.key), record, paths.incoming)
        if (before === undefined) sorted = null
        objects.set(record.key, record)
        const kept = new Set(namesOf(record))
        await discard(namesOf(before).filter((file) => !kept.has(file)))
      }),
    remove: (key, check) =>
      inTurn(async () => {
        const before = objects.get(key)
        check?.(before)
        if (before === undefined) return
        await rm(recordPath(key), { force: true })
        objects.delete(key)
        sorted = null
        await discard(namesOf(before))
      }),
    saveSettings: async (next) => {
      await writeRecord(join(root, 'bucket.json'), next, paths.incoming)
      settings = next
    },
  }
}
