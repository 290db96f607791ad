/** What a download is of; a kept beginning is only continued for the very same object. */
export interface DownloadedObject {
  /** `destination` of the sessions. */
  readonly destination: string
  readonly key: string
  readonly etag: string
  readonly bytes: number
  /** Whether a checksum will show it when kept bytes are damaged; else only what surely came to disk may be kept. */
  readonly isProvable: boolean
}

/** A target while bytes come in, from first to last. */
export interface OpenTarget {
  /** How many bytes of this very object are here from an earlier run. */
  readonly kept: number
  /** What is here so far, from the first byte. A chunk may be used again once the next one is asked for. */
  replay(): AsyncIterable<Uint8Array>
  /** Appends; the chunk may be changed once it resolves. @throws TransferError `TARGET_UNWRITABLE`, `NO_SPACE` */
  write(chunk: Uint8Array): Promise<void>
  /** Everything came and was verified: makes it visible, durably. */
  commit(): Promise<void>
  /** What came is wrong or of no use any more: removes it. Harmless after `commit`. */
  discard(): Promise<void>
  /** Ends this run; what came is kept for a later one where that is possible. */
  leave(): Promise<void>
}

/** Where a download goes. */
export interface DownloadTarget {
  /** For messages. */
  readonly name: string
  /**
   * Takes what comes over the wire and keeps it over a break where that is possible.
   * @throws TransferError `TARGET_UNWRITABLE`, `CONFLICT` when another process is at it
   */
  open(object: DownloadedObject): Promise<OpenTarget>
  /**
   * Takes the decoded bytes of a compressed object, once all of them came through `open`. Null when bytes are decoded
   * while they pass, so that a break starts anew.
   */
  readonly openDecoded: (() => Promise<OpenTarget>) | null
  /** False when bytes cannot be taken back, as those of a stream. */
  readonly restarts: boolean
}

/**
 * Sends a download into a function, in order. Bytes arrive before they are verified; when the promise of `download`
 * is rejected, they must not be used.
 * @param write may change the chunk only until it resolves
 */
export function toWriter(name: string, write: (chunk: Uint8Array) => Promise<void>): DownloadTarget {
  const nothing = async (): Promise<void> => undefined
  const open = async (): Promise<OpenTarget> => ({
    kept: 0,
    replay: async function* () {
      // Nothing is ever kept.
    },
    write,
    commit: nothing,
    discard: nothing,
    leave: nothing,
  })
  return { name, open, openDecoded: null, restarts: false }
}
