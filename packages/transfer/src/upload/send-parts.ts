import type { Ask } from '../pace/deadline.ts'
import { crc32ToBase64 } from '../source/crc32.ts'
import type { Engine } from '../engine.ts'
import { TransferError } from '../errors.ts'
import type { JournalPart } from '../journal/port.ts'
import type { Lease } from '../pace/part-memory.ts'
import type { Meter } from '../pace/progress.ts'
import { md5Of, type Proof } from './put-reply.ts'
import type { PauseSwitch } from '../pace/pause.ts'
import { MOST_PARTS, streamLimit } from './part-plan.ts'
import type { Piece, PieceReader } from '../source/piece-reader.ts'
import { sendBody } from './send-body.ts'
import type { Body } from '../sessions/send.ts'
import type { Session, StoredPart } from '../sessions/port.ts'
import type { OpenSource } from '../source/source.ts'
import { createPartSigner } from './part-signer.ts'
import { createSlicedBody } from './sliced-body.ts'
import { eitherSignal } from '../pace/sleep.ts'

export interface PartsJob {
  readonly session: Session
  /** Name of the source, for messages. */
  readonly source: string
  readonly reader: PieceReader
  /** Reads parts while they are sent, in place of `reader`; null when their bytes must be known before. */
  readonly readAt: OpenSource['readAt']
  /** A first part that was read already. */
  readonly first?: { readonly lease: Lease; readonly piece: Piece } | undefined
  /** Bytes the reader will give; null = unknown. */
  readonly bytes: number | null
  /** What the server holds from an earlier run, by part number. */
  readonly stored: ReadonlyMap<number, StoredPart>
  /** What the journal says of them, by part number. */
  readonly noted: ReadonlyMap<number, JournalPart>
  /** Refuses a source that changed; asked after every part. */
  readonly check: () => void
  readonly meter: Meter
  readonly ask: Ask
  readonly pause: PauseSwitch | undefined
  readonly signal: AbortSignal | undefined
}

/** A part that is on the server and is what the source has. */
export interface SentPart {
  readonly partNumber: number
  readonly bytes: number
  readonly etag: string
  /** CRC-32; null without checksums. */
  readonly crc32: number | null
  readonly proof: Proof
}

/** Sends one part, whatever the server holds under its number. */
export type SendPart = (partNumber: number, body: Body, crc32: number | null) => Promise<SentPart>

/** How parts of this session are sent: signed, retried, noted in the journal. */
export function createPartSender(
  engine: Engine,
  job: Omit<PartsJob, 'source' | 'reader' | 'readAt' | 'first'>,
  signal: AbortSignal | undefined,
): SendPart {
  const { session, meter } = job
  const sign = createPartSigner(engine.sessions, session, job.ask)
  return async (partNumber, body, crc32) => {
    const checksum = crc32 === null ? undefined : crc32ToBase64(crc32)
    const { etag, proof } = await sendBody(engine, {
      what: `send part ${partNumber} of ${session.key}`,
      body,
      crc32: checksum,
      sign: () => sign({ partNumber, bytes: body.length, crc32: checksum }),
      meter,
      signal,
      pause: job.pause,
    })
    const noted = { partNumber, bytes: body.length, crc32: checksum ?? '', etag }
    await engine.journal?.savePart(session.uploadId, noted)
    meter.part(partNumber, body.length, 'sent')
    return { partNumber, bytes: body.length, etag, crc32, proof }
  }
}

/**
 * Reads all parts in order and sends those that the server does not hold, several at once; memory and gate say how many.
 * @returns the parts in order
 * @throws the first failure, after everything that was on its way has ended
 */
export async function sendParts(engine: Engine, job: PartsJob): Promise<SentPart[]> {
  const failed = new AbortController()
  const signal = engine.listenable(eitherSignal(job.signal, failed.signal))
  const send = createPartSender(engine, job, signal)
  const parts: SentPart[] = []
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  const fail = (error: unknown): void => {
    failures.push(error)
    failed.abort()
  }
  const start = (number: number, { body, release }: Ready, crc32: number | null): void => {
    const sent: Promise<void> = send(number, body, crc32)
      .then((part) => void (parts[number - 1] = part))
      .catch(fail)
      .finally(() => {
        release()
        running.delete(sent)
      })
    running.add(sent)
  }
  const partSize = job.session.partSize
  try {
    for (let number = 1; ; number++) {
      await job.pause?.untilResumed(signal)
      // One part is read while the others are on their way; more would only take memory.
      while (running.size > engine.gate.most) await Promise.race(running)
      const ready = await readyPart(engine, job, number, signal)
      const { body, release } = ready
      if (body.length === 0) {
        release()
        break
      }
      if (number > MOST_PARTS) {
        release()
        throw tooLong(partSize)
      }
      const crc32 = engine.checksum === 'none' ? null : ready.crc32
      const kept = keptPart(engine, job, number, body, crc32)
      if (kept === null) start(number, ready, crc32)
      else {
        release()
        parts[number - 1] = kept
        job.meter.kept(kept.bytes)
        job.meter.part(number, kept.bytes, 'kept')
      }
      if (body.length < partSize || job.reader.bytes === job.bytes) break
    }
  } catch (error) {
    fail(error)
  } finally {
    await Promise.all(running)
  }
  if (failures.length > 0) throw failures[0]
  return parts
}

/** A part that can be sent; `release` gives its memory back. */
interface Ready {
  readonly body: Body
  readonly crc32: number
  readonly release: () => void
}

async function readyPart(
  engine: Engine,
  job: PartsJob,
  number: number,
  signal: AbortSignal | undefined,
): Promise<Ready> {
  const { first, readAt, bytes, session } = job
  if (number === 1 && first !== undefined) return readyIn(first.lease, first.piece)
  if (readAt !== null && bytes !== null) {
    job.check()
    const start = (number - 1) * session.partSize
    const length = Math.min(session.partSize, bytes - start)
    job.reader.count(length)
    const body = createSlicedBody(job.source, readAt, { start, length }, engine.stallMs)
    return { body, crc32: 0, release: () => undefined }
  }
  const lease = await engine.memory.take(session.partSize, signal)
  try {
    const piece = await job.reader.next(lease.bytes.subarray(0, session.partSize), signal)
    job.check()
    return readyIn(lease, piece)
  } catch (error) {
    lease.release()
    throw error
  }
}

function readyIn(lease: Lease, { bytes, crc32 }: Piece): Ready {
  return { body: lease.bytes.subarray(0, bytes), crc32, release: () => lease.release() }
}

/** The part on the server, when it is the one that was just read; null when it must be sent. */
function keptPart(
  engine: Engine,
  job: PartsJob,
  partNumber: number,
  body: Body,
  crc32: number | null,
): SentPart | null {
  const stored = job.stored.get(partNumber)
  if (stored === undefined || stored.bytes !== body.length || !(body instanceof Uint8Array)) return null
  const proof = proofOf(engine, stored, body, crc32, job.noted.get(partNumber))
  return proof === null ? null : { partNumber, bytes: body.length, etag: stored.etag, crc32, proof }
}

/** Null when the stored part is not proven to hold these bytes. */
function proofOf(
  engine: Engine,
  stored: StoredPart,
  body: Uint8Array,
  crc32: number | null,
  noted: JournalPart | undefined,
): Proof | null {
  const own = crc32ToBase64(crc32 ?? engine.hashing.crc32(body))
  if (stored.crc32 !== null) return stored.crc32 === own ? 'crc32' : null
  if (md5Of(engine.hashing, body) === stored.etag) return 'etag'
  // Encrypted parts have other ETags: the one that was given for exactly these bytes will do.
  return noted?.etag === stored.etag && noted.crc32 === own ? 'size' : null
}

function tooLong(partSize: number): TransferError {
  const text = `The stream is longer than ${streamLimit(partSize)} bytes, which is 10,000 parts of ${partSize}. Set a larger partSize.`
  return new TransferError('TOO_LARGE', text, { retryable: false })
}
