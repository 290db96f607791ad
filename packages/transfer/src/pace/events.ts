import type { TransferErrorCode } from '../errors.ts'

/** What a transfer is doing. */
export type TransferPhase =
  | 'starting' // opening the source, asking for a session
  | 'resuming' // asking what the server holds already
  | 'sending' // parts are on their way
  | 'receiving' // ranges come in
  | 'paused'
  | 'completing' // the server puts the parts together
  | 'verifying' // the result is compared with the source
  | 'done'

/** How far a transfer is. Sent at most every 100 ms, and at each change of phase. */
export interface ProgressEvent {
  readonly type: 'progress'
  readonly key: string
  readonly phase: TransferPhase
  /** Bytes that are safe or on their way; goes back when a part is sent again. */
  readonly bytes: number
  /** Null while the length of the source is unknown. */
  readonly bytesTotal: number | null
  /** Parts (ranges) finished, those kept from an earlier run included. */
  readonly parts: number
  readonly partsTotal: number | null
  /** Bytes over the wire per second in the last seconds; kept parts do not count. */
  readonly bytesPerSecond: number
  /** Seconds left at that rate; null while unknown. */
  readonly etaSeconds: number | null
  /** Attempts that had to be repeated so far. */
  readonly retries: number
}

/** A request failed and is tried again. */
export interface RetryEvent {
  readonly type: 'retry'
  readonly key: string
  /** What is tried again, such as `send part 7 of models/a.bin`. */
  readonly what: string
  /** The attempt that failed, from 1. */
  readonly attempt: number
  /** Wait before the next one. */
  readonly delayMs: number
  readonly code: TransferErrorCode
  readonly message: string
}

/** A part is stored. */
export interface PartEvent {
  readonly type: 'part'
  readonly key: string
  readonly partNumber: number
  readonly bytes: number
  /** `kept`: it was there from an earlier run and fits the source. */
  readonly state: 'sent' | 'kept'
}

/** Everything a transfer tells while it runs, in one stream. */
export type TransferEvent = ProgressEvent | RetryEvent | PartEvent

export type OnEvent = (event: TransferEvent) => void
