/** Which requests go wrong, and how. `Kind` says what happens; with `requestsPerSecond` only what is above the rate. */
interface Fault<Kind> {
  /** Any method when left out. */
  readonly method?: string
  /** Tested against the request target as sent: `/bucket/key?query`, percent-encoded. */
  readonly path?: RegExp
  /** How many matching requests pass unharmed before the first hit. Default 0. */
  readonly after?: number
  /** How many requests it hits; until removed when left out. */
  readonly times?: number
  readonly kind: Kind
}

export interface FaultList<Kind> {
  /** Returns a function that removes the fault. The oldest matching fault wins. */
  add(fault: Fault<Kind>): () => void
  clear(): void
}

/** Null when the request goes on unharmed. */
export type Picker<Kind> = (method: string, target: string) => Kind | null

export function createFaultList<Kind>(now: () => number): { faults: FaultList<Kind>; pick: Picker<Kind> } {
  const active = new Set<{ readonly fault: Fault<Kind>; pass: number; left: number; window: number[] }>()
  const pick: Picker<Kind> = (method, target) => {
    for (const entry of active) {
      const { fault } = entry
      if (fault.method !== undefined && fault.method !== method) continue
      if (fault.path !== undefined && target.search(fault.path) === -1) continue
      const rate = rateOf(fault.kind)
      if (rate !== null && !isOverRate(entry, rate, now())) continue
      if (entry.pass-- > 0) continue
      entry.left -= 1
      if (entry.left <= 0) active.delete(entry)
      return fault.kind
    }
    return null
  }
  const faults: FaultList<Kind> = {
    add: (fault) => {
      const left = fault.times ?? Number.POSITIVE_INFINITY
      const entry = { fault, pass: fault.after ?? 0, left, window: [] }
      active.add(entry)
      return () => void active.delete(entry)
    },
    clear: () => active.clear(),
  }
  return { faults, pick }
}

function rateOf(kind: unknown): number | null {
  if (typeof kind !== 'object' || kind === null || !('requestsPerSecond' in kind)) return null
  return Number(kind.requestsPerSecond)
}

/** A sliding window of one second. */
function isOverRate(entry: { window: number[] }, rate: number, now: number): boolean {
  entry.window = entry.window.filter((time) => time > now - 1000)
  if (entry.window.length >= rate) return true
  entry.window.push(now)
  return false
}
