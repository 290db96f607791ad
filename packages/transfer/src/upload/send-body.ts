import type { Engine } from '../engine.ts'
import { TransferError } from '../errors.ts'
import type { Meter } from '../pace/progress.ts'
import { type Proof, readPutReply } from './put-reply.ts'
import type { PauseSwitch } from '../pace/pause.ts'
import { retry } from '../pace/retry.ts'
import type { Body } from '../sessions/send.ts'
import type { SignedRequest } from '../sessions/port.ts'

export interface BodyJob {
  /** Such as `send part 7 of models/a.bin`. */
  readonly what: string
  readonly body: Body
  /** base64 */
  readonly crc32: string | undefined
  /** Asks for a new signature, or the first one. */
  readonly sign: () => Promise<SignedRequest>
  readonly meter: Meter
  readonly signal: AbortSignal | undefined
  readonly pause: PauseSwitch | undefined
}

/** A URL is not used in its last seconds. */
const NEARLY_OVER_MS = 10_000
/** So often a 403 is taken for an expired URL (stores do not all say so) before it is believed. */
const MOST_DENIALS = 2

/**
 * Sends one body with a signed PUT until the store has it: one part, or a whole small object.
 * @throws TransferError
 */
export async function sendBody(
  engine: Engine,
  job: BodyJob,
): Promise<{ readonly etag: string; readonly proof: Proof }> {
  const { what, body, crc32, meter, signal } = job
  let signed: SignedRequest | null = null
  let denials = 0
  const attempt = async (): Promise<{ readonly etag: string; readonly proof: Proof }> => {
    signed ??= await job.sign()
    const pass = await engine.gate.enter(signal, job.pause)
    let sent = 0
    let open = true
    try {
      if (signed.expiresAt - engine.now() < NEARLY_OVER_MS) signed = await job.sign()
      const { url, headers } = signed
      const reply = await engine.send(
        { method: 'PUT', url, headers, body },
        {
          signal,
          stallMs: engine.stallMs,
          allow: engine.allow,
          onSent: (bytes) => {
            if (!open) return
            sent += bytes
            meter.moved(bytes)
          },
        },
      )
      const result = readPutReply(what, reply, body, crc32, engine)
      pass.ok()
      open = false
      meter.moved(body.length - sent)
      return result
    } catch (thrown) {
      open = false
      meter.moved(-sent)
      const error = TransferError.is(thrown) ? thrown : null
      pass.failed(error?.code ?? 'PROTOCOL', error?.retryAfterMs)
      if (error?.code === 'FORBIDDEN' && ++denials <= MOST_DENIALS) {
        signed = null
        throw expired(what, error)
      }
      if (error?.code === 'EXPIRED') signed = null
      throw thrown
    }
  }
  try {
    return await retry(engine.retry, attempt, {
      signal,
      progress: () => meter.finished,
      onRetry: (error, count, delayMs) => meter.retried(what, error, count, delayMs),
    })
  } catch (error) {
    // Out of attempts while it was taken for an expired URL: what the store said is the truth.
    throw TransferError.is(error) && error.code === 'EXPIRED' && TransferError.is(error.cause) ? error.cause : error
  }
}

function expired(what: string, cause: TransferError): TransferError {
  const text = `Cannot ${what}: the store refuses the signed URL; a new one is made.`
  return new TransferError('EXPIRED', text, { retryable: true, cause })
}
