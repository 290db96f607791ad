import type { ChecksumMode } from '../sessions/port.ts'

/** What must be known to continue an upload in another process. Never trusted alone: the server is asked. */
export interface JournalEntry {
  readonly uploadId: string
  /** `destination` of the sessions it belongs to. */
  readonly destination: string
  readonly key: string
  readonly partSize: number
  /** Size of the source; null = unknown. */
  readonly bytes: number | null
  /** Identity of the source and everything else the object is stored with; another value starts anew. */
  readonly fingerprint: string
  /** Name of the source, for people. */
  readonly source: string
  readonly checksum: ChecksumMode
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** Written just before Complete: what the finished object must look like. */
  readonly expected: ExpectedObject | null
}

/** What the finished object must look like, to recognise it when the answer to Complete was lost. */
export interface ExpectedObject {
  /** Bytes sent. */
  readonly bytes: number
  /** CRC-32 of the bytes sent, base64; null without checksums. */
  readonly crc32: string | null
  /** CRC-32 of the parts' CRC-32, as stores without whole-object checksums tell it: base64 and `-N`. */
  readonly crc32OfParts: string | null
  /** The ETag S3 gives an object of these parts; null when the parts' ETags are no MD5. */
  readonly etag: string | null
  /** Hex SHA-256 of the plain bytes; null when it was not asked for. */
  readonly sha256: string | null
  readonly parts: number
}

/** A part this process or an earlier one was told is stored. */
export interface JournalPart {
  readonly partNumber: number
  readonly bytes: number
  readonly crc32: string
  readonly etag: string
}

/** `inherited`: from a run that died or left it unclear; `denied`: another living process has it. */
export type Claim = 'granted' | 'inherited' | 'denied'

/** Remembers uploads across processes. Every method throws TransferError `JOURNAL`. */
export interface Journal {
  find(destination: string, key: string): Promise<JournalEntry | null>
  /**
   * True when no upload is noted, which is nearly always so; `find` is spared then. As every single PUT asks, it may
   * overlook what others noted in the last 100 ms: other processes, and other journals on the same file.
   */
  isEmpty?(): boolean
  /** Replaces what is known of this upload. On disk when it resolves. */
  save(entry: JournalEntry): Promise<void>
  /** May be lost in a power cut, not when the process dies. */
  savePart(uploadId: string, part: JournalPart): Promise<void>
  parts(uploadId: string): Promise<readonly JournalPart[]>
  remove(uploadId: string): Promise<void>
  list(): Promise<readonly JournalEntry[]>
  /** Takes a key for this process, unless it is denied. */
  claim(destination: string, key: string): Promise<Claim>
  /**
   * @param isClear false when an upload may have been started on the server and is noted nowhere: the next claim is then
   *   `inherited`
   */
  release(destination: string, key: string, isClear: boolean): Promise<void>
}
