import type { TransferError } from '../errors.ts'
import type { OnEvent, PartEvent, TransferPhase } from './events.ts'

/** Counts one transfer and tells its events. */
export interface Meter {
  /** @returns the phase before */
  phase(phase: TransferPhase): TransferPhase
  total(bytes: number | null, parts: number | null): void
  /** Bytes that went over the wire; negative when they have to go again. */
  moved(bytes: number): void
  /** Bytes that were there from an earlier run. */
  kept(bytes: number): void
  part(partNumber: number, bytes: number, state: PartEvent['state']): void
  retried(what: string, error: TransferError, attempt: number, delayMs: number): void
  readonly retries: number
  /** Parts finished in this run; grows while anything goes well. */
  readonly finished: number
  /** Over the wire in the last seconds. */
  bytesPerSecond(): number
}

const EVERY_MS = 100
const WINDOW_MS = 5000

/** @param now milliseconds, any origin */
export function createMeter(key: string, onEvent: OnEvent | undefined, now: () => number): Meter {
  let phase: TransferPhase = 'starting'
  let bytesTotal: number | null = null
  let partsTotal: number | null = null
  let bytes = 0
  let parts = 0
  let wire = 0
  let told = -Infinity
  /** Time and bytes over the wire, oldest first, within the window. */
  const samples: { readonly time: number; readonly wire: number }[] = [{ time: now(), wire: 0 }]

  function rate(time: number): number {
    const first = samples[0]
    const elapsed = first === undefined ? 0 : time - first.time
    return first === undefined || elapsed <= 0 ? 0 : Math.max(0, ((wire - first.wire) / elapsed) * 1000)
  }

  function tick(force: boolean): void {
    const time = now()
    if (!force && time - told < EVERY_MS) return
    told = time
    const bytesPerSecond = rate(time)
    samples.push({ time, wire })
    while (samples.length > 2 && time - (samples[0]?.time ?? time) > WINDOW_MS) samples.shift()
    const left = bytesTotal === null ? null : Math.max(0, bytesTotal - bytes)
    const etaSeconds = left === 0 ? 0 : left === null || bytesPerSecond === 0 ? null : left / bytesPerSecond
    onEvent?.({
      type: 'progress',
      key,
      phase,
      bytes,
      bytesTotal,
      parts,
      partsTotal,
      bytesPerSecond,
      etaSeconds,
      retries: meter.retries,
    })
  }

  const meter: Meter & { retries: number; finished: number } = {
    retries: 0,
    finished: 0,
    phase: (next) => {
      const before = phase
      phase = next
      if (next !== before || told === -Infinity) tick(true)
      return before
    },
    total: (total, count) => {
      bytesTotal = total
      partsTotal = count
    },
    moved: (count) => {
      bytes += count
      wire += count
      tick(false)
    },
    kept: (count) => {
      bytes += count
      tick(false)
    },
    part: (partNumber, size, state) => {
      parts++
      if (state === 'sent') meter.finished++
      onEvent?.({ type: 'part', key, partNumber, bytes: size, state })
      tick(false)
    },
    retried: (what, error, attempt, delayMs) => {
      meter.retries++
      const { code, message } = error
      onEvent?.({ type: 'retry', key, what, attempt, delayMs, code, message })
    },
    bytesPerSecond: () => rate(now()),
  }
  return meter
}
