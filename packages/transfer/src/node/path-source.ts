import { open, stat, type FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import { throwIfAborted, TransferError } from '../errors.ts'
import type { OpenSource, Source } from '../source.ts'

/** Larger reads gain nothing; smaller ones let the hash run beside the disk. */
const READ = 1024 * 1024

/**
 * A local file. It is recognised by path, size, modification time (ns) and inode, and refused when any of them changes
 * while it is sent.
 * @throws TransferError (from its methods) `SOURCE_UNREADABLE`, `SOURCE_CHANGED`
 */
export function fromPath(path: string): Source {
  const name = resolve(path)
  return {
    name,
    reopens: true,
    identity: async () => await identityOf(name, () => stat(name, { bigint: true })),
    open: async () => await openPath(name),
  }
}

async function openPath(name: string): Promise<OpenSource> {
  let file: FileHandle
  try {
    file = await open(name, 'r')
  } catch (error) {
    throw unreadable(name, error)
  }
  try {
    const atStart = await identityOf(name, () => file.stat({ bigint: true }))
    const { size } = await file.stat()
    let position = 0
    const fill = async (at: number, into: Uint8Array, signal?: AbortSignal): Promise<number> => {
      let filled = 0
      while (filled < into.length) {
        throwIfAborted(signal)
        const wanted = Math.min(READ, into.length - filled)
        const { bytesRead } = await file.read(into, filled, wanted, at + filled).catch((error: unknown) => {
          throw unreadable(name, error)
        })
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return filled
    }
    return {
      bytes: size,
      read: async (into, signal) => {
        const filled = await fill(position, into, signal)
        position += filled
        if (position > size || (filled < into.length && position !== size)) throw changed(name)
        return filled
      },
      readAt: async (at, into, signal) => {
        if ((await fill(at, into, signal)) < into.length) throw changed(name)
      },
      check: async () => {
        // The handle tells of writes, the path of a file that was put in its place.
        const now = await identityOf(name, () => file.stat({ bigint: true }))
        if (now !== atStart || (await identityOf(name, () => stat(name, { bigint: true }))) !== atStart) {
          throw changed(name)
        }
      },
      close: async () => await file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function identityOf(
  name: string,
  look: () => Promise<{ size: bigint; mtimeNs: bigint; ino: bigint; dev: bigint; isFile(): boolean }>,
): Promise<string> {
  const found = await look().catch((error: unknown) => {
    throw unreadable(name, error)
  })
  if (!found.isFile()) throw unreadable(name, new Error('not a regular file'))
  return JSON.stringify([name, ...[found.size, found.mtimeNs, found.ino, found.dev].map(String)])
}

function unreadable(name: string, cause: unknown): TransferError {
  const code = (cause as { code?: unknown }).code
  const why = typeof code === 'string' ? code : (cause as Error).message
  return new TransferError('SOURCE_UNREADABLE', `Cannot read ${name} (${why}). Check the path and its rights.`, {
    retryable: false,
    cause,
  })
}

function changed(name: string): TransferError {
  const text = `${name} changed while it was sent. Send it again when nobody writes to it.`
  return new TransferError('SOURCE_CHANGED', text, { retryable: false })
}
