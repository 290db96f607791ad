import { closeSync, constants, fstatSync, openSync, read as readCallback, readSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { throwIfAborted, TransferError } from '../errors.ts'
import type { OpenSource, Source } from '../source/source.ts'

const readAsync = promisify(readCallback)

/** Larger reads gain nothing; smaller ones are more trips to the thread pool. */
const READ = 4 * 1024 * 1024
/** A trip to the thread pool costs more than reading this, and than any look at a file's times. */
const SMALL = 128 * 1024

/**
 * A local file. It is recognised by path, size, modification time (ns) and inode, and refused when any of them changes
 * while it is sent.
 * @throws TransferError (from its methods) `SOURCE_UNREADABLE`, `SOURCE_CHANGED`
 */
export function fromPath(path: string): Source {
  const name = resolve(path)
  return { name, reopens: true, open: async () => openPath(name) }
}

function openPath(name: string): OpenSource {
  // Without waiting: a pipe that nobody writes to would halt the whole process.
  const file = readable(name, () => openSync(name, constants.O_RDONLY | constants.O_NONBLOCK))
  try {
    const atStart = readable(name, () => fstatSync(file, { bigint: true }))
    if (!atStart.isFile()) throw unreadable(name, new Error('not a regular file'))
    const size = Number(atStart.size)
    let position = 0
    const fill = (at: number, into: Uint8Array, signal?: AbortSignal): number | Promise<number> => {
      throwIfAborted(signal)
      if (into.length > SMALL) return fillLarge(at, into, signal)
      const filled = readable(name, () => readSync(file, into, 0, into.length, at))
      // Some network file systems give less than there is.
      return filled < into.length ? fillLarge(at, into, signal) : filled
    }
    const fillLarge = async (at: number, into: Uint8Array, signal?: AbortSignal): Promise<number> => {
      let filled = 0
      while (filled < into.length) {
        const wanted = Math.min(READ, into.length - filled)
        const { bytesRead } = await readAsync(file, into, filled, wanted, at + filled).catch((error: unknown) => {
          throw unreadable(name, error)
        })
        throwIfAborted(signal)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return filled
    }
    return {
      bytes: size,
      identity: identityOf(name, atStart),
      read: async (into, signal) => {
        const filled = await fill(position, into, signal)
        position += filled
        if (position > size || (filled < into.length && position !== size)) throw changed(name)
        return filled
      },
      readAt: async (at, into, signal) => {
        if ((await fill(at, into, signal)) < into.length) throw changed(name)
      },
      // By its path: the same file there is the one that is open, and another one was put in its place.
      check: () => {
        const now = readable(name, () => statSync(name, { bigint: true }))
        if (!isSame(now, atStart)) throw changed(name)
      },
      close: async () => closeSync(file),
    }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

interface Stat {
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ino: bigint
  readonly dev: bigint
}

function identityOf(name: string, { size, mtimeNs, ino, dev }: Stat): string {
  return `[${JSON.stringify(name)},"${size}","${mtimeNs}","${ino}","${dev}"]`
}

function isSame(a: Stat, b: Stat): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ino === b.ino && a.dev === b.dev
}

function readable<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw unreadable(name, error)
  }
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
