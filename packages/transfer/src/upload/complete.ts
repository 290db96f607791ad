import { withDeadline, type Ask } from '../pace/deadline.ts'
import { crc32ToBase64 } from '../source/crc32.ts'
import type { Engine } from '../engine.ts'
import { TransferError } from '../errors.ts'
import type { ExpectedObject } from '../journal/port.ts'
import type { Meter } from '../pace/progress.ts'
import { isMd5, type Proof } from './put-reply.ts'
import { retry } from '../pace/retry.ts'
import type { SentPart } from './send-parts.ts'
import type { Session, StoredObject, StoredPart } from '../sessions/port.ts'

export interface CompleteJob {
  readonly session: Session
  readonly parts: readonly SentPart[]
  readonly expected: ExpectedObject
  /** Reads a part of the source again and sends it; null when the source can be read only once. */
  readonly resend: ((part: SentPart) => Promise<SentPart>) | null
  readonly ask: Ask
  readonly meter: Meter
  readonly signal: AbortSignal | undefined
}

/** What an object of these parts must look like. */
export function expectationOf(
  engine: Engine,
  parts: readonly SentPart[],
  whole: { readonly bytes: number; readonly crc32: number; readonly sha256: string | null },
): ExpectedObject {
  const sums = parts.map(({ crc32 }) => crc32)
  const known = sums.every((sum) => sum !== null)
  return {
    bytes: whole.bytes,
    sha256: whole.sha256,
    parts: parts.length,
    crc32: known ? crc32ToBase64(whole.crc32) : null,
    crc32OfParts: known ? `${crc32ToBase64(engine.hashing.crc32(bigEndian(sums)))}-${parts.length}` : null,
    etag: etagOfParts(engine, parts),
  }
}

function bigEndian(values: readonly number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(values.length * 4))
  for (const [index, value] of values.entries()) bytes.setUint32(index * 4, value)
  return new Uint8Array(bytes.buffer)
}

/** MD5 of the parts' MD5 and their number: what S3 and its relatives give without encryption by key service. */
function etagOfParts(engine: Engine, parts: readonly SentPart[]): string | null {
  const hash = engine.hashing.md5()
  for (const { etag } of parts) {
    if (!isMd5(etag)) return null
    hash.update(Uint8Array.from(etag.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)))
  }
  return `${hash.hex()}-${parts.length}`
}

/** What proves that the object is the expected one; null when it is another one or nothing can tell. */
export function proofOfObject(object: StoredObject, expected: ExpectedObject): Proof | null {
  if (object.bytes !== expected.bytes) return null
  if (object.crc32 !== null && expected.crc32 !== null) {
    // radosgw 20 marks the checksum of the whole as one of parts when there is only one part.
    const whole = expected.parts === 1 ? object.crc32.replace(/-1$/, '') : object.crc32
    return whole === expected.crc32 || object.crc32 === expected.crc32OfParts ? 'crc32' : null
  }
  return expected.etag !== null && object.etag === expected.etag ? 'etag' : null
}

/**
 * Has the server put the parts together. After an answer that leaves it open (none, cut, an error in a 200), and after
 * `InvalidPart` or a wrong checksum, the server is asked what it holds: the object, then it is done; or the parts, then
 * those that are not what was sent are sent again before the next attempt.
 * @returns the ETag of the object
 * @throws TransferError `NO_SUCH_UPLOAD` when neither upload nor object is there
 */
export async function complete(engine: Engine, job: CompleteJob): Promise<string> {
  const { session, expected, ask, meter, signal } = job
  const what = `complete ${session.key}`
  let parts = job.parts
  const attempt = async (): Promise<string> => {
    try {
      const list = parts.map(({ partNumber, etag, crc32 }) => ({
        partNumber,
        etag,
        crc32: crc32 === null ? undefined : crc32ToBase64(crc32),
      }))
      const done = await withDeadline(what, engine.completeMs, signal, (call) =>
        engine.sessions.complete(session, list, { crc32: expected.crc32 ?? undefined, signal: call.signal }),
      )
      return done.etag
    } catch (error) {
      if (!TransferError.is(error) || error.code === 'ABORTED') throw error
      const etag = await lookUp(error)
      if (etag !== null) return etag
      throw error
    }
  }

  /** The ETag when the object is there; null when the upload is still open, its parts now being right. */
  async function lookUp(error: TransferError): Promise<string | null> {
    if (error.code === 'THROTTLED' || (!error.retryable && error.code !== 'NO_SUCH_UPLOAD')) return null
    const stored = error.code === 'NO_SUCH_UPLOAD' ? null : await listOrNull()
    if (stored === null) {
      const object = await ask(`look up ${session.key}`, (call) => engine.sessions.stat(session.key, call))
      if (object !== null && proofOfObject(object, expected) !== null) return object.etag
      const text = `The upload of ${session.key} is gone, and the object is not there. Send it again.`
      throw new TransferError('NO_SUCH_UPLOAD', text, { retryable: false, cause: error })
    }
    // radosgw sees only that the whole has another checksum.
    const isOther = error.code === 'INVALID_PART' || error.code === 'CORRUPT'
    if (isOther) parts = await heal(parts, stored, job.resend, error)
    return null
  }

  async function listOrNull(): Promise<readonly StoredPart[] | null> {
    try {
      return await ask(`list the parts of ${session.key}`, (call) => engine.sessions.parts(session, call))
    } catch (error) {
      if (TransferError.is(error) && error.code === 'NO_SUCH_UPLOAD') return null
      throw error
    }
  }
  const onRetry = (error: TransferError, count: number, delayMs: number): void =>
    meter.retried(what, error, count, delayMs)
  return await retry(engine.retry, attempt, { signal, onRetry })
}

/** Takes the server's word for parts that are right, and sends the others again. */
async function heal(
  parts: readonly SentPart[],
  stored: readonly StoredPart[],
  resend: CompleteJob['resend'],
  cause: TransferError,
): Promise<SentPart[]> {
  const byNumber = new Map(stored.map((part) => [part.partNumber, part]))
  const healed: SentPart[] = []
  for (const part of parts) {
    const found = byNumber.get(part.partNumber)
    if (found !== undefined && isSame(part, found)) healed.push({ ...part, etag: found.etag })
    else if (resend !== null) healed.push(await resend(part))
    else {
      const text = `The store lost part ${part.partNumber}, and the source can be read only once. Send it again.`
      throw new TransferError('INVALID_PART', text, { retryable: false, cause })
    }
  }
  return healed
}

function isSame(part: SentPart, stored: StoredPart): boolean {
  if (stored.bytes !== part.bytes) return false
  if (stored.crc32 !== null && part.crc32 !== null) return stored.crc32 === crc32ToBase64(part.crc32)
  return stored.etag === part.etag
}

/** Compares the finished object with what was sent. @throws TransferError `CORRUPT` */
export async function verify(
  engine: Engine,
  ask: Ask,
  key: string,
  etag: string,
  expected: ExpectedObject,
): Promise<{ readonly object: StoredObject; readonly proof: Proof }> {
  const object = await ask(`verify ${key}`, (call) => engine.sessions.stat(key, call))
  const bad = (what: string): TransferError => {
    const text = `${key} is not what was sent: ${what}. Send it again, and find out who else writes to this key.`
    return new TransferError('CORRUPT', text, { retryable: true })
  }
  if (object === null) throw bad('it is not there')
  if (object.bytes !== expected.bytes) throw bad(`it has ${object.bytes} bytes instead of ${expected.bytes}`)
  if (object.etag !== etag) throw bad('it was overwritten meanwhile')
  const proof = proofOfObject(object, expected)
  if (proof !== null) return { object, proof }
  if (object.crc32 !== null && expected.crc32 !== null) throw bad('its checksum is another one')
  return { object, proof: 'size' }
}
