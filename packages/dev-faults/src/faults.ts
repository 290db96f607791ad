import type { FaultList } from './fault-picker.ts'

/** What goes wrong with one request on its way through the proxy. Bytes are those of bodies. */
export type WireFaultKind =
  /** The connection is reset before anything is forwarded. */
  | 'reset'
  /** The request is read, nothing is forwarded, no answer ever comes. */
  | 'stall'
  /** The server does the work; its reply is never sent. */
  | 'mute'
  /** The server does the work; the connection is reset instead of the reply. */
  | 'lost-reply'
  /** The reply comes twice on the same connection. */
  | 'duplicate-reply'
  /** The reply names an ETag that the server never gave. */
  | 'wrong-etag'
  /** The server does the work, then the answer is 200 with an `<Error>` body. */
  | 'error-in-200'
  /** As `error-in-200`, but nothing is forwarded. */
  | 'refused-in-200'
  /** 403 as for a presigned URL past its time; nothing is forwarded. */
  | 'expired'
  /** An error reply, nothing is forwarded. `early`: sent before the body is read, then the connection is closed. */
  | {
      readonly status: number
      readonly code?: string
      readonly message?: string
      readonly retryAfterSeconds?: number
      readonly early?: boolean
    }
  /** 503 SlowDown for every matching request above the rate. */
  | { readonly requestsPerSecond: number }
  /** Both connections are reset when this much of the request was forwarded. */
  | { readonly cutRequestAfter: number }
  /** The client's connection is reset when this much of the reply was sent. */
  | { readonly cutReplyAfter: number }
  /** The client's connection is ended in order when this much of the reply was sent. */
  | { readonly endReplyAfter: number }
  /** Nothing of the request is read any more when this much of it was forwarded. */
  | { readonly stallRequestAfter: number }
  /** Nothing of the reply is sent any more when this much of it was. */
  | { readonly stallReplyAfter: number }
  /** Bodies move at this rate, in either direction. */
  | { readonly bytesPerSecond: number }
  /** The reply comes so much later. */
  | { readonly delayMs: number }

/** Decides for each request by its number, counted from 0; null lets it pass. */
export type WireScript = (request: {
  readonly number: number
  readonly method: string
  readonly target: string
}) => WireFaultKind | null

export interface WireFaults extends FaultList<WireFaultKind> {
  /** Asked for every request that no added fault hits; starts counting anew. Null = none. */
  follow(script: WireScript | null): void
}
