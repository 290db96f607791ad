import type { FaultList, Picker } from '@sluice/dev-faults'

/** What goes wrong with a matching request. */
export type S3FaultKind =
  /** An error reply before anything is done, such as `{ status: 503, code: 'SlowDown' }`. */
  | { readonly status: number; readonly code?: string; readonly retryAfterSeconds?: number }
  /** 503 SlowDown for every matching request above the rate. */
  | { readonly requestsPerSecond: number }
  /** The connection is reset before anything is done. */
  | 'reset'
  /** The connection is reset when this many body bytes went over it, in either direction. */
  | { readonly resetAfterBytes: number }
  /** The request is read and never answered. */
  | 'stall'
  /** Bodies move at this rate, in either direction. */
  | { readonly bytesPerSecond: number }
  /** The request is carried out, then answered 200 with an `<Error>` body; meant for Complete and CopyObject. */
  | 'error-in-200'
  /** As `error-in-200`, but nothing is carried out. */
  | 'refused-in-200'
  /** The request is carried out and the connection reset instead of the reply. */
  | 'lost-reply'

export type S3Faults = FaultList<S3FaultKind>

/** Null when the request goes on unharmed. */
export type FaultPicker = Picker<S3FaultKind>
