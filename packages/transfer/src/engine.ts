import type { Allow } from './pace/bandwidth.ts'
import type { Gate } from './pace/request-gate.ts'
import type { Hashing } from './source/hashing.ts'
import type { Journal } from './journal/port.ts'
import type { Memory } from './pace/part-memory.ts'
import type { RetrySettings } from './pace/retry.ts'
import type { Send } from './sessions/send.ts'
import type { ChecksumMode, UploadSessions } from './sessions/port.ts'

/** Gives the bytes in a compressed form, piece by piece, the same for the same input. */
export type Compress = (plain: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

/** What all transfers of one `createTransfer` share. */
export interface Engine {
  readonly sessions: UploadSessions
  readonly send: Send
  readonly hashing: Hashing
  readonly journal: Journal | null
  readonly memory: Memory
  readonly gate: Gate
  readonly allow: Allow | undefined
  readonly retry: RetrySettings
  readonly checksum: ChecksumMode
  readonly sha256: boolean
  readonly partSize: number | undefined
  readonly compress: Readonly<Partial<Record<'gzip' | 'zstd', Compress>>>
  /** A socket on which nothing moves is cut after this. */
  readonly stallMs: number
  /** For calls without content, each attempt. */
  readonly callMs: number
  /** For Complete, during which the store may assemble for minutes. */
  readonly completeMs: number
  /** Milliseconds since 1970, for what others tell the time of. */
  readonly now: () => number
  /** Milliseconds from any origin, which nobody sets back: for waits and rates. */
  readonly clock: () => number
  /** Bytes per second: of the last transfers, at first the bandwidth that is allowed; null = unknown. */
  readonly line: { bytesPerSecond: number | null }
  /** Takes a signal to which many requests will listen at once. */
  readonly listenable: (signal: AbortSignal | undefined) => AbortSignal | undefined
  /** Keys that this process is writing now. */
  readonly busy: Set<string>
}
