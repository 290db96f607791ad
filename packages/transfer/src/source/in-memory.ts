import { TransferError } from '../errors.ts'
import { fillFrom, type OpenSource, type Source } from './source.ts'

/** Bytes in memory; they must not be changed while they are sent. */
export function fromBytes(bytes: Uint8Array, name = 'bytes'): Source {
  const open = async (): Promise<OpenSource> => {
    const size = bytes.length
    let position = 0
    const copy = (at: number, into: Uint8Array): number => {
      const piece = bytes.subarray(at, at + into.length)
      into.set(piece)
      return piece.length
    }
    return {
      bytes: size,
      identity: null,
      read: async (into) => {
        const filled = copy(position, into)
        position += filled
        return filled
      },
      readAt: async (at, into) => {
        if (copy(at, into) < into.length) throw endedEarly(name, bytes.length, size)
      },
      check: () => undefined,
      close: async () => undefined,
    }
  }
  return { name, reopens: true, open }
}

/**
 * A `Blob`, or a `File` that a person chose; a file is recognised by name, size and modification time. In Node use
 * `fromPath` for files: blobs of `fs.openAsBlob` have a wrong size above 4 GiB (Node 20).
 */
export function fromBlob(blob: Blob, name = 'blob'): Source {
  const file = blob as Blob & { readonly name?: string; readonly lastModified?: number }
  const shown = file.name ?? name
  const identity =
    file.lastModified === undefined ? null : JSON.stringify([shown, String(blob.size), String(file.lastModified)])
  const open = async (): Promise<OpenSource> => {
    let position = 0
    const fill = async (at: number, into: Uint8Array): Promise<number> => {
      const slice = await blob
        .slice(at, at + into.length)
        .arrayBuffer()
        .catch((error: unknown) => {
          // What browsers say of a file that was written or removed after it was chosen.
          const code = (error as Error).name === 'NotReadableError' ? 'SOURCE_CHANGED' : 'SOURCE_UNREADABLE'
          throw new TransferError(code, `${shown} cannot be read any more; choose it again.`, {
            retryable: false,
            cause: error,
          })
        })
      into.set(new Uint8Array(slice))
      return slice.byteLength
    }
    return {
      bytes: blob.size,
      identity,
      read: async (into) => {
        const filled = await fill(position, into)
        position += filled
        if (filled < into.length && position < blob.size) throw endedEarly(shown, position, blob.size)
        return filled
      },
      readAt: async (at, into) => {
        if ((await fill(at, into)) < into.length) throw endedEarly(shown, at, blob.size)
      },
      check: () => undefined,
      close: async () => undefined,
    }
  }
  return { name: shown, reopens: true, open }
}

export interface StreamOptions {
  /** For messages. Default `stream`. */
  readonly name?: string
  /** When it is known; another length is refused. */
  readonly bytes?: number
}

/** A stream of chunks, such as a Node or web `ReadableStream`, read once; without a known length it may be any. */
export function fromStream(chunks: AsyncIterable<Uint8Array>, options: StreamOptions = {}): Source {
  const { name = 'stream', bytes = null } = options
  let used = false
  const open = async (): Promise<OpenSource> => {
    if (used) {
      const text = `${name} was read already; give a new stream of the same bytes to send it again.`
      throw new TransferError('SOURCE_UNREADABLE', text, { retryable: false })
    }
    used = true
    const iterator = chunks[Symbol.asyncIterator]()
    const fill = fillFrom({ [Symbol.asyncIterator]: () => iterator })
    const next = (into: Uint8Array, signal?: AbortSignal): Promise<number> =>
      fill(into, signal).catch((error: unknown) => {
        if (TransferError.is(error)) throw error
        throw new TransferError('SOURCE_UNREADABLE', `${name} failed while it was read.`, {
          retryable: false,
          cause: error,
        })
      })
    let position = 0
    return {
      bytes,
      identity: null,
      read: async (into, signal) => {
        const filled = await next(into, signal)
        position += filled
        // What was announced is here: is that the end?
        if (position === bytes) position += await next(new Uint8Array(1), signal)
        const ended = filled < into.length
        if (bytes !== null && (position > bytes || (ended && position < bytes))) throw endedEarly(name, position, bytes)
        return filled
      },
      readAt: null,
      check: () => undefined,
      // Not waited for: a generator ends only when what it waits for has come.
      close: async () => void iterator.return?.().catch(() => undefined),
    }
  }
  return { name, reopens: false, open }
}

function endedEarly(name: string, position: number, bytes: number): TransferError {
  const text = `${name} has ${position} bytes or more, not the ${bytes} that were announced.`
  return new TransferError('SOURCE_CHANGED', text, { retryable: false })
}
