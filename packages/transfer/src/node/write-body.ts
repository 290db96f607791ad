import type { ClientRequest } from 'node:http'
import { spaceFor } from '../pace/part-memory.ts'
import type { Body, SendOptions } from '../sessions/send.ts'

/** Small enough for smooth progress on a slow line; on a fast one it doubles, so that system calls do not count. */
const SLICE = 256 * 1024
const LARGEST_SLICE = 8 * 1024 * 1024
/** Of a body that is read while it goes: it stays in the processor's cache from the file to the socket. */
const LARGEST_READ = 1024 * 1024
/** A slice that was taken this fast was too small; one that took so long was too large. */
const FAST_MS = 50
const SLOW_MS = 500
/** With a bandwidth limit: the wait for a slice must not look like a stall to the other side. */
const LIMITED_SLICE = 32 * 1024

/** How large the next slice is, in bytes; a fast line stays fast from one body to the next. */
export interface Pace {
  bytes: number
}

export const firstPace = (): Pace => ({ bytes: SLICE })

export interface BodyJob extends Pick<SendOptions, 'allow' | 'onSent' | 'signal'> {
  readonly body: Body
  readonly pace: Pace
  /** True while it is us who keep the other side waiting. */
  readonly hold: (isHolding: boolean) => void
}

/**
 * Writes a body and ends the request: a short one at once, whose reply tells as much as its end; a longer one in slices, each
 * when the one before has gone.
 * @throws what reading it throws, or the limit's signal
 */
export async function writeBody(outgoing: ClientRequest, job: BodyJob): Promise<void> {
  const { body, pace, allow, onSent, signal, hold } = job
  if (body.length === 0) return void outgoing.end()
  if (allow === undefined && body instanceof Uint8Array && body.length <= SLICE) return void outgoing.end(body)
  const sliceOf = createSlicer(job)
  for (let at = 0; at < body.length && !outgoing.destroyed;) {
    const slice = await sliceOf(at, allow === undefined ? pace.bytes : LIMITED_SLICE)
    if (allow !== undefined) {
      hold(true)
      await allow(slice.length, signal)
      hold(false)
    }
    const started = performance.now()
    at += slice.length
    if (outgoing.destroyed || !(await isWritten(outgoing, slice, at === body.length))) return
    onSent?.(slice.length)
    const took = performance.now() - started
    if (took > SLOW_MS) pace.bytes = SLICE
    else if (took < FAST_MS && allow === undefined) pace.bytes = Math.min(LARGEST_SLICE, pace.bytes * 2)
  }
}

/** False when the connection ended first; why is told by the request. */
async function isWritten(outgoing: ClientRequest, slice: Uint8Array, isLast: boolean): Promise<boolean> {
  return await new Promise((resolve) => {
    const closed = (): void => resolve(false)
    const written = (error?: Error | null): void => {
      outgoing.off('close', closed)
      resolve(error == null)
    }
    outgoing.once('close', closed)
    if (isLast) outgoing.end(slice, written)
    else outgoing.write(slice, written)
  })
}

/** The next slice, of at most so many bytes. A body that is read while it goes is read when what was read before has gone. */
function createSlicer({ body, signal, hold }: BodyJob): (at: number, most: number) => Uint8Array | Promise<Uint8Array> {
  if (body instanceof Uint8Array) return (at, most) => body.subarray(at, at + most)
  const buffer = spaceFor(Math.min(LARGEST_READ, body.length))
  let start = 0
  let end = 0
  return async (at, most) => {
    if (at === end) {
      start = end
      end = Math.min(start + buffer.length, body.length)
      hold(true)
      await body.read(start, buffer.subarray(0, end - start), signal)
      hold(false)
    }
    return buffer.subarray(at - start, Math.min(at - start + most, end - start))
  }
}
