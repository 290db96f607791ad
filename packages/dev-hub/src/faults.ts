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

interface HubFault {
  /** HTTP method; default: any. */
  readonly method?: string
  /** Tested against the path (no query) on both origins; default: any. */
  readonly path?: RegExp
  /** How many requests it hits; default: until removed. */
  readonly times?: number
  readonly kind: HubFaultKind
}

/** Faults of the hub; the first one that matches a request applies. */
export interface HubFaults {
  /** Returns a function that removes the fault. */
  add(fault: HubFault): () => void
  clear(): void
}

export interface HubFaultList extends HubFaults {
  take(method: string, path: string): HubFaultKind | null
}

/** An empty list of faults. */
export function createFaults(): HubFaultList {
  let active: { fault: HubFault; left: number }[] = []
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY }
      active.push(entry)
      return () => {
        active = active.filter((other) => other !== entry)
      }
    },
    clear() {
      active = []
    },
    take(method, path) {
      const entry = active.find(
        ({ fault }) =>
          (fault.method ?? method) === method && (fault.path === undefined || path.search(fault.path) >= 0),
      )
      if (entry === undefined) return null
      entry.left -= 1
      if (entry.left <= 0) active = active.filter((other) => other !== entry)
      return entry.fault.kind
    },
  }
}
