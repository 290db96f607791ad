import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { PutObject } from './storage-backend.ts'
import { BackendError } from './errors.ts'

const chunkBytes = 256 * 1024

/**
 * Reads the content of an object from its start and checks it on the way. The last chunk is held back until size and
 * SHA-256 are proven, so a receiver that got as many bytes as announced got the right ones.
 * @throws BackendError SOURCE_CHANGED, SOURCE_UNREADABLE, ABORTED
 */
export async function* readContent(object: PutObject, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const hash = createHash('sha256')
  let total = 0
  let held: Uint8Array | null = null
  for await (const chunk of readSource(object.source)) {
    throwIfAborted(signal)
    total += chunk.length
    if (total > object.bytes) throw changed(object, `it is longer than ${object.bytes} bytes`)
    hash.update(chunk)
    if (held !== null) yield held
    held = chunk
  }
  throwIfAborted(signal)
  if (total !== object.bytes) throw changed(object, `it has ${total} bytes instead of ${object.bytes}`)
  if (hash.digest('hex') !== object.sha256) throw changed(object, 'its SHA-256 differs')
  if (held !== null) yield held
}

/** @throws BackendError ABORTED */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new BackendError('ABORTED', 'Stopped by the caller.', { retryable: true, cause: signal.reason })
}

/** Each chunk is memory of its own: receivers keep it while the next one is read. */
async function* readSource(source: PutObject['source']): AsyncGenerator<Uint8Array, void> {
  if ('data' in source) {
    for (let at = 0; at < source.data.length; at += chunkBytes) yield source.data.subarray(at, at + chunkBytes)
    return
  }
  // O_NONBLOCK: opening a pipe that has no writer must not hang.
  const file = await readable(source.path, () => open(source.path, constants.O_RDONLY | constants.O_NONBLOCK))
  try {
    const stat = await readable(source.path, () => file.stat())
    if (!stat.isFile()) throw unreadable(source.path, 'it is not a regular file')
    for (;;) {
      const buffer = Buffer.allocUnsafeSlow(chunkBytes)
      const { bytesRead } = await readable(source.path, () => file.read(buffer, 0, chunkBytes))
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw unreadable(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function unreadable(path: string, problem: string, cause?: unknown): BackendError {
  return new BackendError('SOURCE_UNREADABLE', `Cannot read ${path}: ${problem}. Check the file and its rights.`, {
    retryable: false,
    cause,
  })
}

function changed(object: PutObject, problem: string): BackendError {
  const what = 'path' in object.source ? object.source.path : 'The content given'
  return new BackendError(
    'SOURCE_CHANGED',
    `${what} is not what was announced for ${object.key}: ${problem}. Export it again.`,
    {
      retryable: false,
    },
  )
}
