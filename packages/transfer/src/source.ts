/** A source while it is open. */
export interface OpenSource {
  /** Null when only the end will tell. */
  readonly bytes: number | null
  /**
   * The next bytes, in order, until `into` is full or the source ends.
   * @returns how many bytes were filled; fewer than `into` holds only at the end
   * @throws TransferError `SOURCE_UNREADABLE`, `SOURCE_CHANGED`
   */
  read(into: Uint8Array, signal?: AbortSignal): Promise<number>
  /** Fills `into` from a position that was read before; null when the source can be read only once. */
  readonly readAt: ((position: number, into: Uint8Array, signal?: AbortSignal) => Promise<void>) | null
  /** @throws TransferError `SOURCE_CHANGED` when it is not what it was at the start */
  check(): Promise<void>
  close(): Promise<void>
}

/** Where the bytes of an upload come from. */
export interface Source {
  /** What is sent, for messages. */
  readonly name: string
  /**
   * Changes whenever the content may have changed, such as path, size, modification time and inode of a file. Null when
   * nothing can tell; such an upload is resumed on the ground of its part checksums alone.
   */
  identity(): Promise<string | null>
  /** Whether `open` may be called again for the same bytes. */
  readonly reopens: boolean
  open(): Promise<OpenSource>
}
