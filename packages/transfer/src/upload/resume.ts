import type { Ask } from '../pace/deadline.ts'
import { proofOfObject } from './complete.ts'
import type { Engine } from '../engine.ts'
import { TransferError } from '../errors.ts'
import type { Claim, ExpectedObject, JournalEntry, JournalPart } from '../journal/port.ts'
import { MOST_PARTS } from './part-plan.ts'
import type { StoredObject, StoredPart } from '../sessions/port.ts'

/** How an upload begins. */
export type Beginning =
  | { readonly kind: 'fresh' }
  | {
      readonly kind: 'resumed'
      readonly entry: JournalEntry
      readonly stored: ReadonlyMap<number, StoredPart>
      readonly noted: ReadonlyMap<number, JournalPart>
    }
  /** The earlier run ended between Complete and its answer. */
  | { readonly kind: 'finished'; readonly object: StoredObject; readonly expected: ExpectedObject }

/**
 * Finds what an earlier run left for this key, and asks the server what of it is true. An upload of another source or
 * with other settings is aborted there.
 */
export async function findBeginning(
  engine: Engine,
  ask: Ask,
  key: string,
  wanted: {
    readonly fingerprint: string
    readonly largestPart: number
    /** Whether the fingerprint tells one content from another. */
    readonly identified: boolean
    /** What will be sent; null = unknown. */
    readonly bytes: number | null
  },
): Promise<Beginning> {
  const { journal, sessions } = engine
  const entry = (await journal?.find(sessions.destination, key)) ?? null
  if (journal === null || entry === null) return { kind: 'fresh' }
  if (entry.fingerprint !== wanted.fingerprint || entry.partSize > wanted.largestPart) {
    await abortUpload(engine, ask, entry)
    return { kind: 'fresh' }
  }
  try {
    const listed = await ask(`list the parts of ${key}`, (call) => sessions.parts(entry, call))
    const last = wanted.bytes === null ? MOST_PARTS : Math.ceil(wanted.bytes / entry.partSize)
    if (listed.some(({ partNumber }) => partNumber > last)) {
      // Some stores complete with every part they hold.
      await abortUpload(engine, ask, entry)
      return { kind: 'fresh' }
    }
    const noted = await journal.parts(entry.uploadId)
    return {
      kind: 'resumed',
      entry,
      stored: new Map(listed.map((part) => [part.partNumber, part])),
      noted: new Map(noted.map((part) => [part.partNumber, part])),
    }
  } catch (error) {
    if (!TransferError.is(error) || error.code !== 'NO_SUCH_UPLOAD') throw error
    const { expected } = entry
    const object =
      expected === null || !wanted.identified ? null : await ask(`look up ${key}`, (call) => sessions.stat(key, call))
    await journal.remove(entry.uploadId)
    const proven = expected !== null && object !== null && proofOfObject(object, expected) !== null
    return proven ? { kind: 'finished', object, expected } : { kind: 'fresh' }
  }
}

/** Takes the key for this process; undefined without a journal. @throws TransferError `CONFLICT`, `JOURNAL` */
export async function claimKey({ journal, sessions }: Engine, key: string): Promise<Claim | undefined> {
  const claim = await journal?.claim(sessions.destination, key)
  if (claim !== 'denied') return claim
  const text = `Another process is writing ${key}. Wait for it, or end it and try again.`
  throw new TransferError('CONFLICT', text, { retryable: true, resumable: true })
}

/** Ends what an earlier run began in parts, when the key's content is one PUT now. */
export async function dropEarlier(engine: Engine, ask: Ask, key: string): Promise<void> {
  const { journal, sessions } = engine
  if (journal === null || journal.isEmpty?.() === true) return
  const earlier = await journal.find(sessions.destination, key)
  if (earlier === null) return
  const claim = await claimKey(engine, key)
  try {
    await abortUpload(engine, ask, earlier)
  } finally {
    await journal.release(sessions.destination, key, claim === 'granted')
  }
}

/** Ends an upload on the server, then in the journal. */
export async function abortUpload(
  engine: Engine,
  ask: Ask,
  upload: { readonly uploadId: string; readonly key: string },
): Promise<void> {
  await ask(`abort the upload of ${upload.key}`, (call) => engine.sessions.abort(upload, call))
  await engine.journal?.remove(upload.uploadId)
}
