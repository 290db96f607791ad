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

interface S3Fault {
  /** Any method when left out. */
  readonly method?: string
  /** Tested against the request target as sent: `/bucket/key?query`, percent-encoded. */
  readonly path?: RegExp
  /** How many requests it hits; until removed when left out. */
  readonly times?: number
  readonly kind: S3FaultKind
}

export interface S3Faults {
  /** Returns a function that removes the fault. The oldest matching fault wins. */
  add(fault: S3Fault): () => void
  clear(): void
}

/** Null when the request goes on unharmed. */
export type FaultPicker = (method: string, target: string) => S3FaultKind | null

export function createFaults(now: () => number): { faults: S3Faults; pick: FaultPicker } {
  const active = new Set<{ readonly fault: S3Fault; left: number; window: number[] }>()
  const pick: FaultPicker = (method, target) => {
    for (const entry of active) {
      const { fault } = entry
      if (fault.method !== undefined && fault.method !== method) continue
      if (fault.path !== undefined && target.search(fault.path) === -1) continue
      if (typeof fault.kind === 'object' && 'requestsPerSecond' in fault.kind && !overRate(entry, fault.kind, now()))
        continue
      entry.left -= 1
      if (entry.left <= 0) active.delete(entry)
      return fault.kind
    }
    return null
  }
  const faults: S3Faults = {
    add: (fault) => {
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY, window: [] }
      active.add(entry)
      return () => void active.delete(entry)
    },
    clear: () => active.clear(),
  }
  return { faults, pick }
}

/** A sliding window of one second. */
function overRate(entry: { window: number[] }, kind: { requestsPerSecond: number }, now: number): boolean {
  entry.window = entry.window.filter((time) => time > now - 1000)
  if (entry.window.length >= kind.requestsPerSecond) return true
  entry.window.push(now)
  return false
}
