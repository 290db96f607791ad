import { createHash } from 'node:crypto'
import { type FileHandle, lstat, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { throwIfAborted } from '../port/content.ts'
import { isAbsent } from './errors.ts'
import { BackendError } from '../port/errors.ts'

const chunkBytes = 256 * 1024

/** Writes a new file and flushes it to the disk. */
export async function writeWhole(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o644)
  try {
    for await (const chunk of content) await writeFully(file, chunk)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** `write` may take a part only, for instance shortly before the disk is full. */
async function writeFully(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, at, chunk.length - at)
    at += bytesWritten
  }
}

/** Makes names created or removed in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Size in bytes, null when there is no such file; links are not followed. */
export async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await lstat(path)).size
  } catch (error) {
    if (isAbsent(error)) return null
    throw error
  }
}

/** Removes the files of a folder that were last written before `time`, milliseconds since 1970. */
export async function removeOld(folder: string, time: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const stat = await lstat(path).catch(() => null) // another process may have finished it
    if (stat?.isFile() && stat.mtimeMs < time) await rm(path, { force: true })
  }
}

/** Size and SHA-256 (hex) of an open file, which is closed. */
export async function digestFile(file: FileHandle, signal?: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of readPart(file, 0, Number.MAX_SAFE_INTEGER, signal)) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** The bytes from `start` up to `end` (exclusive) of an open file, fewer when it ends before; closes it. */
export async function* readPart(
  file: FileHandle,
  start: number,
  end: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  try {
    for (let at = start; at < end;) {
      throwIfAborted(signal)
      const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, end - at))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** Passes chunks on and fails when they are fewer than announced. @throws BackendError UNAVAILABLE */
export async function* expectBytes(
  key: string,
  bytes: number,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  let total = 0
  for await (const chunk of chunks) {
    total += chunk.length
    if (total > bytes) {
      throw new BackendError('PROTOCOL', `More than the ${bytes} announced bytes came for ${key}.`, { retryable: true })
    }
    yield chunk
  }
  if (total === bytes) return
  throw new BackendError('UNAVAILABLE', `Only ${total} of ${bytes} bytes of ${key} came; try again.`, {
    retryable: true,
  })
}
