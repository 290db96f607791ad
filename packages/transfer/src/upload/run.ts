import type { Ask } from '../pace/deadline.ts'
import type { Engine } from '../engine.ts'
import type { Meter } from '../pace/progress.ts'
import type { PieceReader } from '../source/piece-reader.ts'
import type { OpenSource, Source } from '../source/source.ts'
import type { UploadOptions, UploadResult } from './request.ts'

/** One attempt at one upload: the source is open and is read from its start. */
export interface UploadRun {
  readonly engine: Engine
  readonly options: UploadOptions
  readonly source: Source
  readonly open: OpenSource
  readonly meter: Meter
  readonly ask: Ask
  readonly signal: AbortSignal | undefined
}

/** One whose source is read piece by piece. */
export interface PiecesRun extends UploadRun {
  /** Gives the bytes to be sent. */
  readonly reader: PieceReader
  /** Set when nobody asks for the bytes before they are sent, so that parts may be read while they go. */
  readonly readAt: OpenSource['readAt']
  /** Bytes the reader will give; null = unknown or compressed. */
  readonly bytes: number | null
  /** Hex SHA-256 of the plain bytes, after the last was read; null when it is not wanted. @throws `SOURCE_MISMATCH` */
  readonly plainHash: () => string | null
}

export type UploadOutcome = Omit<UploadResult, 'key' | 'retries' | 'seconds'>
/** What the store has; whoever read the source adds its size. */
export type SentOutcome = Omit<UploadOutcome, 'bytes'>
