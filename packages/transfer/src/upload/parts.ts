import { createAsk } from '../pace/deadline.ts'
import { complete, expectationOf, verify } from './complete.ts'
import { TransferError, withResumable } from '../errors.ts'
import type { JournalEntry, JournalPart } from '../journal/port.ts'
import type { Lease } from '../pace/part-memory.ts'
import { tellingPause } from '../pace/pause.ts'
import type { Piece } from '../source/piece-reader.ts'
import { openUpload } from './open.ts'
import { abortUpload, claimKey, findBeginning } from './resume.ts'
import { createPartSender, type PartsJob, sendParts } from './send-parts.ts'
import type { StoredPart } from '../sessions/port.ts'
import type { PiecesRun, SentOutcome, UploadRun } from './run.ts'

export interface PartsPlan {
  readonly partSize: number
  /** Set when the caller named it; a resumed upload must have the same. */
  readonly fixed: boolean
}

interface Session {
  readonly entry: JournalEntry
  readonly stored: ReadonlyMap<number, StoredPart>
  readonly noted: ReadonlyMap<number, JournalPart>
}

/** Shorter uploads say little about the line. */
const MEASURABLE = 16 * 1024 * 1024

/** After these the parts on the server are of no use. */
const USELESS = new Set<string>(['BAD_OPTION', 'SOURCE_CHANGED', 'SOURCE_MISMATCH', 'TOO_LARGE', 'CORRUPT'])

/** Sends the object in parts, going on where an earlier run ended, and verifies it. */
export async function uploadParts(
  run: PiecesRun,
  plan: PartsPlan,
  first?: { readonly lease: Lease; readonly piece: Piece },
): Promise<SentOutcome> {
  const { sessions, journal } = run.engine
  const { key } = run.options
  let isClear = false
  let claim
  try {
    claim = await claimKey(run.engine, key)
    const session = await begin(run, plan, claim === 'inherited')
    isClear = true
    return 'entry' in session ? await carryOut(run, session, first) : session
  } finally {
    if (claim !== undefined) await journal?.release(sessions.destination, key, isClear)
  }
}

/** A session on the server, noted in the journal; or the outcome, when an earlier run had got that far. */
async function begin(run: PiecesRun, plan: PartsPlan, died: boolean): Promise<Session | SentOutcome> {
  const { engine, options, ask, meter } = run
  const { key, contentType, metadata, compress, sha256 } = options
  const fixed = plan.fixed ? plan.partSize : null
  const stored = [contentType, sortedEntries(metadata), compress, sha256, engine.checksum, fixed]
  const fingerprint = JSON.stringify([run.open.identity, stored])
  meter.phase('resuming')
  const wanted = {
    fingerprint,
    largestPart: engine.memory.budget,
    identified: run.open.identity !== null,
    bytes: run.bytes,
  }
  const beginning = await findBeginning(engine, ask, key, wanted)
  if (beginning.kind === 'finished') {
    const { object, expected } = beginning
    const { bytes: storedBytes, crc32, parts } = expected
    const proof = object.crc32 !== null && crc32 !== null ? 'crc32' : 'etag'
    return { storedBytes, etag: object.etag, sha256: expected.sha256, crc32, parts, partsKept: parts, proof }
  }
  if (beginning.kind === 'resumed') return beginning
  const request = { key, bytes: run.bytes, partSize: plan.partSize, contentType, metadata, sha256 }
  const head = { ...request, contentEncoding: compress, checksum: engine.checksum }
  const opened = await openUpload(engine, ask, head, died)
  const entry: JournalEntry = {
    uploadId: opened.uploadId,
    destination: engine.sessions.destination,
    key,
    partSize: opened.partSize,
    bytes: run.bytes,
    fingerprint,
    source: run.source.name,
    checksum: engine.checksum,
    startedAt: engine.now(),
    expected: null,
  }
  try {
    await engine.journal?.save(entry)
  } catch (error) {
    await giveUp(run, entry)
    throw error
  }
  return { entry, stored: new Map(), noted: new Map() }
}

async function carryOut(
  run: PiecesRun,
  session: Session,
  first: { readonly lease: Lease; readonly piece: Piece } | undefined,
): Promise<SentOutcome> {
  try {
    return await sendAndComplete(run, session, first)
  } catch (error) {
    throw await leave(run, session.entry, error)
  }
}

async function sendAndComplete(
  run: PiecesRun,
  { entry, stored, noted }: Session,
  first: { readonly lease: Lease; readonly piece: Piece } | undefined,
): Promise<SentOutcome> {
  const { engine, options, meter, ask, signal, reader, open } = run
  const session = { ...entry, expiresAt: null }
  const isFirstFit = first?.piece.bytes === entry.partSize
  if (first !== undefined && !isFirstFit) {
    reader.takeBack(first.lease.bytes.subarray(0, first.piece.bytes))
    first.lease.release()
  }
  const job: PartsJob = {
    session,
    source: run.source.name,
    reader,
    // What the store has already must be read to be compared.
    readAt: stored.size === 0 ? run.readAt : null,
    first: isFirstFit ? first : undefined,
    bytes: run.bytes,
    stored,
    noted,
    meter,
    ask,
    signal,
    check: () => open.check(),
    pause: tellingPause(options.pause, meter),
  }
  meter.total(run.bytes, run.bytes === null ? null : Math.ceil(run.bytes / entry.partSize))
  meter.phase('sending')
  const parts = await sendParts(engine, job)
  // Now, as Complete may take longer than what the meter remembers.
  const bytesPerSecond = meter.bytesPerSecond()
  if (reader.bytes >= MEASURABLE && bytesPerSecond > 0) engine.line.bytesPerSecond = bytesPerSecond
  const partsKept = parts.length - meter.finished
  // Some stores complete with every part they hold, others refuse.
  if ([...stored.keys()].some((number) => number > parts.length)) throw otherSource(options.key)
  const sha256 = run.plainHash()
  open.check()
  meter.total(reader.bytes, parts.length)
  meter.phase('completing')
  const expected = expectationOf(engine, parts, { bytes: reader.bytes, crc32: reader.crc32, sha256 })
  await engine.journal?.save({ ...entry, expected })
  const send = createPartSender(engine, job, signal)
  const readAt = options.compress === undefined ? open.readAt : null
  const etag = await complete(engine, {
    session,
    parts,
    expected,
    ask,
    meter,
    signal,
    resend:
      readAt === null
        ? null
        : async (part) => {
            const lease = await engine.memory.take(entry.partSize, signal)
            try {
              const body = lease.bytes.subarray(0, part.bytes)
              await readAt((part.partNumber - 1) * entry.partSize, body, signal)
              open.check()
              return await send(part.partNumber, body, part.crc32)
            } finally {
              lease.release()
            }
          },
  })
  meter.phase('verifying')
  const { proof } = await verify(engine, ask, entry.key, etag, expected)
  await engine.journal?.remove(entry.uploadId)
  const proven = proof === 'size' && parts.every((part) => part.proof !== 'size') ? 'etag' : proof
  return {
    storedBytes: reader.bytes,
    etag,
    sha256,
    crc32: expected.crc32,
    parts: parts.length,
    partsKept,
    proof: proven,
  }
}

/** Decides what becomes of the parts on the server after a failure. */
async function leave(run: UploadRun, entry: JournalEntry, error: unknown): Promise<unknown> {
  const { journal } = run.engine
  const known = TransferError.is(error) ? error : null
  if (known?.code === 'NO_SUCH_UPLOAD') await journal?.remove(entry.uploadId)
  else if (journal === null || (known !== null && USELESS.has(known.code))) await giveUp(run, entry)
  else return known === null ? error : withResumable(known, true)
  return error
}

async function giveUp({ engine }: UploadRun, entry: JournalEntry): Promise<void> {
  // Not under the caller's signal: cleaning up matters most when the caller gives up.
  const ask = createAsk({ ...engine.retry, attempts: 4 }, engine.callMs, undefined, () => undefined)
  await abortUpload(engine, ask, entry).catch(() => undefined) // it stays listed; the first failure is the one to report
}

function otherSource(key: string): TransferError {
  const text = `The earlier upload of ${key} was of a longer source; it is given up. Send it again.`
  return new TransferError('SOURCE_CHANGED', text, { retryable: true })
}

function sortedEntries(record: Readonly<Record<string, string>> = {}): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
}
