import type { Engine } from '../engine.ts'
import { TransferError } from '../errors.ts'
import type { Meter } from '../pace/progress.ts'
import type { PauseSwitch } from '../pace/pause.ts'
import { retry } from '../pace/retry.ts'
import { replyFailure, s3Failure } from '../sessions/s3-errors.ts'
import type { WireReply } from '../sessions/send.ts'
import type { ReadGrant } from '../sessions/port.ts'

/** What the requests of one download have in common. */
export interface RangeTools extends Pick<
  Engine,
  'send' | 'gate' | 'retry' | 'stallMs' | 'allow' | 'now' | 'listenable'
> {
  readonly meter: Meter
  readonly grants: Grants
  readonly key: string
  /** Size of the whole object. */
  readonly bytes: number
  readonly signal: AbortSignal | undefined
  readonly pause: PauseSwitch | undefined
  /** Bytes that all ranges of this download received so far. */
  received: number
}

/** Signed GETs of one object; renewed when they expire. */
export interface Grants {
  /** @throws TransferError `CONFLICT` when the object is another one by now */
  current(signal: AbortSignal | undefined): Promise<ReadGrant>
  /** The store refused this one. */
  drop(grant: ReadGrant): void
}

export interface RangeJob {
  /** Position in the object. */
  readonly start: number
  /** Filled to its end. */
  readonly into: Uint8Array
}

/**
 * Fills a range, over as many requests as it takes; each goes on behind the last byte that came.
 * @param filled told how much of `into` is right so far, also when it fails
 * @throws TransferError; `CONFLICT` when the object changed
 */
export async function fetchRange(tools: RangeTools, job: RangeJob, filled: (bytes: number) => void): Promise<void> {
  let have = 0
  const onBytes = (bytes: number): void => {
    have += bytes
    filled(have)
    tools.received += bytes
    tools.meter.moved(bytes)
  }
  let denials = 0
  const once = async (): Promise<void> => {
    try {
      await attempt(tools, { start: job.start + have, into: job.into.subarray(have) }, onBytes)
    } catch (error) {
      if (!TransferError.is(error) || error.code !== 'FORBIDDEN' || denials++ > 0) throw error
      // Some stores say AccessDenied for an expired URL; a fresh one tells the two apart.
      throw new TransferError('EXPIRED', error.message, { retryable: true, cause: error })
    }
  }
  await retry(tools.retry, once, {
    signal: tools.signal,
    progress: () => tools.received,
    onRetry: (error, count, delayMs) => tools.meter.retried(`read ${tools.key}`, error, count, delayMs),
  })
}

async function attempt(tools: RangeTools, job: RangeJob, onBytes: (bytes: number) => void): Promise<void> {
  const { gate, grants, signal } = tools
  const pass = await gate.enter(signal, tools.pause)
  let grant: ReadGrant | null = null
  try {
    grant = await grants.current(signal)
    await request(tools, grant, job, onBytes)
    pass.ok()
  } catch (error) {
    const code = TransferError.is(error) ? error.code : 'PROTOCOL'
    if (grant !== null && (code === 'EXPIRED' || code === 'FORBIDDEN')) grants.drop(grant)
    pass.failed(code, TransferError.is(error) ? error.retryAfterMs : undefined)
    throw error
  }
}

async function request(
  tools: RangeTools,
  grant: ReadGrant,
  { start, into }: RangeJob,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const what = `read ${tools.key}`
  const end = start + into.length - 1
  const headers = { ...grant.headers, range: `bytes=${start}-${end}`, 'if-match': `"${grant.etag}"` }
  let at = 0
  const reply = await tools.send(
    { method: grant.method, url: grant.url, headers },
    {
      signal: tools.signal,
      stallMs: tools.stallMs,
      onHead: (head) => checkHead(tools, head, start, end),
      onData: (chunk) => {
        if (at + chunk.length > into.length) throw unexpected(tools.key, 'more bytes came than were asked for')
        into.set(chunk, at)
        at += chunk.length
        onBytes(chunk.length)
        return tools.allow?.(chunk.length, tools.signal)
      },
    },
  )
  if (reply.status !== 200 && reply.status !== 206) throw refusal(tools, what, reply)
  if (at < into.length) throw new TransferError('UNAVAILABLE', `The answer to ${what} was cut.`, { retryable: true })
}

/** Before a byte is taken: is this the range that was asked for? */
function checkHead({ key, bytes }: RangeTools, head: Omit<WireReply, 'text'>, start: number, end: number): void {
  const { status, headers } = head
  if (status === 200 && (start !== 0 || end !== bytes - 1)) throw unexpected(key, 'the range was ignored')
  if (status !== 206) return
  const [, from, to, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? []
  if (Number(size) !== bytes) throw changed(key)
  if (Number(from) !== start || Number(to) !== end) throw unexpected(key, 'another range came')
}

function refusal({ key, now }: RangeTools, what: string, reply: WireReply): TransferError {
  const { status } = reply
  if (status === 412 || status === 416) return changed(key)
  const failure = replyFailure(what, reply, now())
  return failure.code === 'NOT_FOUND' ? s3Failure(what, status, 'NoSuchKey') : failure
}

export function changed(key: string): TransferError {
  return new TransferError('CONFLICT', `${key} was replaced while it was read. Read it again.`, { retryable: false })
}

function unexpected(key: string, problem: string): TransferError {
  const text = `The answer to read ${key} is no such range: ${problem}. Check the store.`
  return new TransferError('PROTOCOL', text, { retryable: true })
}
