import { SigningError } from './errors.ts'

/** How far the time of signing may lie from the verifier's clock, in milliseconds, on either side. */
export interface TimeWindow {
  readonly pastMs: number
  readonly futureMs: number
}

/** @throws SigningError `EXPIRED`, `NOT_YET` */
export function requireWithin(signedAtMs: number, nowMs: number, { pastMs, futureMs }: TimeWindow): void {
  if (signedAtMs < nowMs - pastMs) {
    throw new SigningError('EXPIRED', `The request was signed ${seconds(nowMs - signedAtMs)} s ago; sign a new one.`)
  }
  if (signedAtMs > nowMs + futureMs) {
    const ahead = seconds(signedAtMs - nowMs)
    throw new SigningError('NOT_YET', `The request was signed ${ahead} s in the future; set your clock right.`)
  }
}

/** A whole number of seconds or milliseconds in plain digits. @throws SigningError `MALFORMED` */
export function wholeNumber(text: string, what: string): number {
  const value = /^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new SigningError('MALFORMED', `The ${what} is not a whole number.`)
  return value
}

const seconds = (ms: number): string => (ms / 1000).toFixed(ms < 10_000 ? 1 : 0)
