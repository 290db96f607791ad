import type { Rate } from '../limits.ts'

/** A multipart upload that this gateway, or one beside it, has opened. */
export interface Session {
  readonly uploadId: string
  /** ss58, prefix 42. */
  readonly hotkey: string
  /** The whole key. */
  readonly key: string
  /** Of the whole object; null when the client does not know yet. */
  readonly bytes: number | null
  readonly partSize: number
  readonly maxParts: number
  readonly checksum: 'crc32' | 'none'
  /** Milliseconds since 1970. */
  readonly openedAt: number
  readonly expiresAt: number
  /** What `complete` answered; null while the upload is open. */
  readonly result: { readonly etag: string; readonly bytes: number } | null
}

/** What an upload of unknown size may still take, bytes; 0 where the size is known, and counts itself. */
export function reserved({ bytes, partSize, maxParts }: Session): number {
  return bytes === null ? partSize * maxParts : 0
}

export type Opening = 'opened' | 'too many uploads' | 'too many bytes'
export type Taken = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number }

/** What makes a request one that was not seen before. */
interface Nonce {
  readonly name: string
  /** Milliseconds since 1970. */
  readonly until: number
}

/**
 * By how much the clocks of gateways may differ. A purse's time does not go back within it, else two of them would fill
 * the purse in turns; beyond it a clock is wrong and must not stop the others' purses.
 */
export const CLOCK_SKEW_MS = 60_000

/**
 * What all gateways of a subnet share. Every method is atomic over all of them; times are milliseconds since 1970.
 * Each may throw Error when the place behind it does not answer; the gateway then refuses.
 */
export interface State {
  /** Takes one token from a purse that fills with time. */
  take(purse: string, rate: Rate, now: number): Promise<Taken>
  /** As `take`, if the nonce is new; it is kept until `until` at least, whether there was a token or not. */
  takeOnce(nonce: Nonce, purse: string, rate: Rate, now: number): Promise<Taken | 'known'>
  /** Adds a session if the hotkey's open ones allow it. An unknown size counts as all that its parts may take. */
  open(session: Session, caps: { readonly uploads: number; readonly bytes: number }): Promise<Opening>
  find(uploadId: string): Promise<Session | null>
  openCount(hotkey: string): Promise<number>
  /** Open ones only, oldest first. */
  openOf(hotkey: string): Promise<readonly Session[]>
  /** Marks a session as completed and keeps it until `until`, so that a repeated `complete` gets the same answer. */
  finish(uploadId: string, result: { readonly etag: string; readonly bytes: number }, until: number): Promise<void>
  forget(uploadId: string): Promise<void>
  /** Sessions past their end, each given to one caller only until `leaseUntil`. */
  claimExpired(now: number, leaseUntil: number, limit: number): Promise<readonly Session[]>
  /** A text by name, for what is worth keeping over a restart. */
  keep(name: string, text: string): Promise<void>
  kept(name: string): Promise<string | null>
  /** Throws when the place does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}
