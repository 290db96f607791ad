import { spaceFor } from '../pace/part-memory.ts'
import { sleep, untilAborted } from '../pace/sleep.ts'

/** A source while it is open. */
export interface OpenSource {
  /** Null when only the end will tell. */
  readonly bytes: number | null
  /**
   * Changes whenever the content may have changed, such as path, size, modification time and inode of a file. Null when
   * nothing can tell; such an upload is resumed on the ground of its part checksums alone.
   */
  readonly identity: string | null
  /**
   * The next bytes, in order, until `into` is full or the source ends.
   * @returns how many bytes were filled; fewer than `into` holds only at the end
   * @throws TransferError `SOURCE_UNREADABLE`, `SOURCE_CHANGED`
   */
  read(into: Uint8Array, signal?: AbortSignal): Promise<number>
  /** Fills `into` from any position; null when the source can be read only once. */
  readonly readAt: ((position: number, into: Uint8Array, signal?: AbortSignal) => Promise<void>) | null
  /** @throws TransferError `SOURCE_CHANGED` when it is not what it was at the start */
  check(): void
  close(): Promise<void>
}

/** Where the bytes of an upload come from. */
export interface Source {
  /** What is sent, for messages. */
  readonly name: string
  /** Whether `open` may be called again for the same bytes. */
  readonly reopens: boolean
  open(): Promise<OpenSource>
}

/** After so many chunks timers and sockets get their turn, as all of them may have been there at once. */
const CHUNKS_PER_TURN = 4096

/**
 * Turns a stream of chunks into reads that fill their buffer; short only at the end. Once the signal came, the buffer is
 * not touched any more, whenever the stream yields.
 */
export function fillFrom(
  chunks: AsyncIterable<Uint8Array>,
): (into: Uint8Array, signal?: AbortSignal) => Promise<number> {
  const iterator = chunks[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array(0)
  let ended = false
  let chunksRead = 0
  return async (into, signal) => {
    let filled = 0
    while (filled < into.length) {
      if (rest.length === 0) {
        const next = ended ? null : await untilAborted(iterator.next(), signal)
        if (next === null || next.done === true) {
          ended = true
          break
        }
        rest = next.value
        if (++chunksRead % CHUNKS_PER_TURN === 0) await sleep(0, signal)
        continue
      }
      const taken = rest.subarray(0, into.length - filled)
      into.set(taken, filled)
      filled += taken.length
      rest = rest.subarray(taken.length)
    }
    return filled
  }
}

const CHUNK = 256 * 1024

/** The source as a stream; the chunks are new memory each. */
export async function* chunksOf(
  open: OpenSource,
  seen: (bytes: Uint8Array) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const chunk = spaceFor(CHUNK)
    const filled = await open.read(chunk, signal)
    const bytes = chunk.subarray(0, filled)
    seen(bytes)
    if (filled > 0) yield bytes
    if (filled < CHUNK) return
  }
}
