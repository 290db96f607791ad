import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReceivedFile } from '../http/body.ts'
import { S3Error } from '../http/error.ts'
import { type PartRecord, partRecord, type UploadRecord, uploadRecord } from '../store/record.ts'
import { readRecord, writeRecord } from '../store/record-file.ts'

export interface Upload {
  readonly record: UploadRecord
  readonly parts: ReadonlyMap<number, PartRecord>
}

/** The multipart uploads in progress of one bucket; they survive a restart of the server. */
export interface Uploads {
  create(record: Omit<UploadRecord, 'id'>): Promise<UploadRecord>
  /** @throws S3Error `NoSuchUpload`, also when the upload belongs to another key */
  get(id: string, key: string): Upload
  has(id: string, key: string): boolean
  all(): readonly UploadRecord[]
  /** A part sent again replaces the one before. @throws S3Error `NoSuchUpload` when it was ended meanwhile */
  addPart(id: string, key: string, number: number, received: ReceivedFile, modified: number): Promise<PartRecord>
  partPath(id: string, part: PartRecord): string
  /** Ends the upload and deletes what is left of it. */
  end(id: string): Promise<void>
}

export async function openUploads(root: string, incoming: string): Promise<Uploads> {
  await mkdir(root, { recursive: true })
  const uploads = new Map<string, { record: UploadRecord; parts: Map<number, PartRecord> }>()
  for (const id of await readdir(root)) {
    const record = await readRecord(join(root, id, 'upload.json'), uploadRecord)
    if (record === null) continue
    const parts = new Map<number, PartRecord>()
    for (const file of await readdir(join(root, id))) {
      if (!/^part-\d+\.json$/.test(file)) continue
      const part = await readRecord(join(root, id, file), partRecord)
      if (part !== null) parts.set(part.number, part)
    }
    uploads.set(id, { record, parts })
  }
  const get = (id: string, key: string): { record: UploadRecord; parts: Map<number, PartRecord> } => {
    const upload = uploads.get(id)
    if (upload === undefined || upload.record.key !== key) {
      throw new S3Error('NoSuchUpload', 'The upload does not exist; it may have been completed or aborted.')
    }
    return upload
  }

  return {
    get,
    has: (id, key) => uploads.get(id)?.record.key === key,
    all: () => [...uploads.values()].map((upload) => upload.record),
    partPath: (id, part) => join(root, id, part.name),
    create: async (fields) => {
      const record = { ...fields, id: randomUUID() }
      await mkdir(join(root, record.id))
      await writeRecord(join(root, record.id, 'upload.json'), record, incoming)
      uploads.set(record.id, { record, parts: new Map() })
      return record
    },
    addPart: async (id, key, number, received, modified) => {
      const { bytes, md5, checksum } = received
      const part: PartRecord = { number, name: randomUUID(), bytes, etag: md5, modified, checksum }
      try {
        get(id, key)
        await rename(received.path, join(root, id, part.name))
        await writeRecord(join(root, id, `part-${number}.json`), part, incoming)
        const { parts } = get(id, key)
        const before = parts.get(number)
        parts.set(number, part)
        if (before !== undefined) await rm(join(root, id, before.name), { force: true })
        return part
      } catch (cause) {
        await rm(received.path, { force: true })
        // The folder vanishes when the upload ends while the part is on its way.
        get(id, key)
        throw cause
      }
    },
    end: async (id) => {
      uploads.delete(id)
      await rm(join(root, id), { recursive: true, force: true })
    },
  }
}
