import type { FaultList } from '@sluice/dev-faults'

/** What goes wrong. Times in milliseconds unless the name says otherwise. */
export type HubFaultKind =
  /** Answered instead of the real reply. 429 carries `RateLimit` and, when given, `Retry-After`. */
  | {
      readonly status: number
      readonly code?: string
      readonly retryAfterSeconds?: number
      readonly rateLimitResetSeconds?: number
    }
  /** The connection is reset after the first bytes of the request body, before anything is done. */
  | 'reset'
  /** The request is accepted and never answered; a body is not read. */
  | 'stall'
  /** The request is carried out, then the connection is reset instead of the reply. */
  | 'lost-reply'
  /** Every chunk of the request and the reply is delayed by this many milliseconds. */
  | { readonly slowMs: number }

/** Paths are tested without their query, on both origins. */
export type HubFaults = FaultList<HubFaultKind>
