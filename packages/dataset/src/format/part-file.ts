import { createHash, randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { DatasetError } from '../errors.ts'

/** Files with this ending are remains of a killed process; nobody needs them. */
export const PART_TEMPORARY_SUFFIX = '.part-tmp'

/** A file that appears under its final name complete or not at all. */
export interface PendingFile {
  readonly bytes: number
  write(chunk: Uint8Array): Promise<void>
  /** SHA-256 of what was written so far, lower-case hex. */
  digest(): string
  /** Flushes to disk and renames; afterwards the file survives a power cut. Returns the path. */
  publish(name: string): Promise<string>
  /** Removes the file unless it was published; never throws. */
  discard(): Promise<void>
}

/** Opens the temporary file. @throws DatasetError `NO_SPACE` or `IO`, here and in every method but `discard` */
export async function createPendingFile(
  directory: string,
  openFile: (path: string) => Promise<FileHandle> = (path) => open(path, 'wx'),
): Promise<PendingFile> {
  const temporary = join(directory, `${randomUUID()}${PART_TEMPORARY_SUFFIX}`)
  const handle = await onDisk(openFile(temporary))
  const sha256 = createHash('sha256')
  let bytes = 0
  let closed = false

  async function close(): Promise<void> {
    if (closed) return
    closed = true
    await handle.close()
  }

  return {
    get bytes() {
      return bytes
    },
    async write(chunk) {
      sha256.update(chunk)
      bytes += chunk.length
      for (let at = 0; at < chunk.length;) {
        const { bytesWritten } = await onDisk(handle.write(chunk, at))
        at += bytesWritten
      }
    },
    digest: () => sha256.copy().digest('hex'),
    async publish(name) {
      const path = join(directory, name)
      await onDisk(handle.sync())
      await onDisk(close())
      await onDisk(rename(temporary, path))
      await onDisk(syncDirectory(directory))
      return path
    },
    async discard() {
      // After `publish` the temporary name is gone already; errors here must not hide the first one.
      await close().catch(() => undefined)
      await rm(temporary, { force: true }).catch(() => undefined)
    },
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function onDisk<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new DatasetError('NO_SPACE', 'the disk for exported files is full; free some space and try again', cause)
    }
    throw new DatasetError('IO', `the directory for exported files cannot be used (${code ?? 'unknown error'})`, cause)
  }
}
