import { abortedError, throwIfAborted, TransferError } from '../errors.ts'

/** A piece of the budget. */
export interface Lease {
  /** At least as long as asked for, with whatever was in it before. */
  readonly bytes: Uint8Array
  /** Gives it back; nothing happens the second time. */
  release(): void
}

/** The memory that parts of all transfers may take together. */
export interface Memory {
  readonly budget: number
  /** Waits, first come first served, until so much is free. @throws TransferError `BAD_OPTION`, `ABORTED` */
  take(bytes: number, signal?: AbortSignal): Promise<Lease>
}

/** Pieces below are rounded up to a power of two, so that those of one file serve for the next. */
const SMALL = 1024 * 1024

/** Buffers are used again, so that the garbage collector never falls behind a fast line. */
export function createMemory(budget: number): Memory {
  let used = 0
  /** Released buffers by size; they count as used until they are dropped. */
  const kept = new Map<number, Uint8Array[]>()
  let keptBytes = 0
  const waiting: { readonly bytes: number; readonly go: () => void }[] = []

  function lease(bytes: number): Lease {
    const old = kept.get(bytes)?.pop()
    if (old !== undefined) keptBytes -= bytes
    dropKept(bytes)
    const piece = old ?? allocate(bytes)
    used += bytes
    let held = true
    return {
      bytes: piece,
      release: () => {
        if (!held) return
        held = false
        used -= bytes
        const list = kept.get(bytes) ?? []
        kept.set(bytes, list)
        list.push(piece)
        keptBytes += bytes
        serve()
      },
    }
  }

  /** Makes room for so many more. */
  function dropKept(more: number): void {
    for (const [size, list] of kept) {
      while (used + more + keptBytes > budget && list.pop() !== undefined) keptBytes -= size
      if (list.length === 0) kept.delete(size)
    }
  }

  function serve(): void {
    for (let first = waiting[0]; first !== undefined && used + first.bytes <= budget; first = waiting[0]) {
      waiting.shift()
      first.go()
    }
  }

  async function take(asked: number, signal?: AbortSignal): Promise<Lease> {
    throwIfAborted(signal)
    if (asked > budget) {
      const text = `A piece of ${asked} bytes does not fit into the memory budget of ${budget}; raise memoryBudget.`
      throw new TransferError('BAD_OPTION', text, { retryable: false })
    }
    const bytes = asked < SMALL ? Math.min(budget, 2 ** Math.ceil(Math.log2(Math.max(1, asked)))) : asked
    if (waiting.length === 0 && used + bytes <= budget) return lease(bytes)
    return await new Promise((resolve, reject) => {
      const stop = (): void => {
        waiting.splice(waiting.indexOf(entry), 1)
        reject(abortedError(signal?.reason))
        serve() // those behind may want less
      }
      const go = (): void => {
        signal?.removeEventListener('abort', stop)
        try {
          resolve(lease(bytes))
        } catch (error) {
          reject(error)
        }
      }
      const entry = { bytes, go }
      signal?.addEventListener('abort', stop, { once: true })
      waiting.push(entry)
    })
  }
  return { budget, take }
}

function allocate(bytes: number): Uint8Array {
  try {
    return spaceFor(bytes)
  } catch (cause) {
    const text = `This machine has no ${bytes} bytes in one piece; use smaller parts.`
    throw new TransferError('BAD_OPTION', text, { retryable: false, cause })
  }
}

const HALF_PAGE = 2048

/**
 * Memory that files are read into. It begins in the middle of a page: allocators put large pieces 16 bytes behind the
 * start of one, and there a copy from the page cache takes five times as long on AMD EPYC (decision 098).
 */
export function spaceFor(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes + HALF_PAGE).subarray(HALF_PAGE)
}

/** Every buffer of this package is one of its own, never shared between threads; browsers' types want to know. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}
