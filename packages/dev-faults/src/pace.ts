import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WireFaultKind } from './faults.ts'

/** Asked before each piece of a body: how much of it may go on, and whether the line ends after that. */
export type Pace = (bytes: number) => Promise<{ readonly allowed: number; readonly ends: boolean }>

const freely: Pace = async (bytes) => ({ allowed: bytes, ends: false })

/** The pace of the request body under a fault. */
export const requestPace = (fault: WireFaultKind | null): Pace =>
  paceOf(fault, 'cutRequestAfter') ?? paceOf(fault, 'stallRequestAfter') ?? ratePace(fault)

/** The pace of the reply body under a fault. */
export const replyPace = (fault: WireFaultKind | null): Pace =>
  paceOf(fault, 'cutReplyAfter') ??
  paceOf(fault, 'endReplyAfter') ??
  paceOf(fault, 'stallReplyAfter') ??
  ratePace(fault)

function paceOf(fault: WireFaultKind | null, name: string): Pace | null {
  if (typeof fault !== 'object' || fault === null || !(name in fault)) return null
  let left = Number((fault as Record<string, number>)[name])
  return async (bytes) => {
    const allowed = Math.min(bytes, left)
    left -= allowed
    return { allowed, ends: left === 0 }
  }
}

function ratePace(fault: WireFaultKind | null): Pace {
  if (typeof fault !== 'object' || fault === null || !('bytesPerSecond' in fault)) return freely
  return async (bytes) => {
    await sleep((bytes / fault.bytesPerSecond) * 1000)
    return { allowed: bytes, ends: false }
  }
}

/**
 * Moves a body. Bytes for a receiver that is gone are read and dropped, as a client must be able to finish sending.
 * @returns false when the pace ended the line
 */
export async function pump(from: Readable, to: Writable, pace: Pace): Promise<boolean> {
  if (!(await mayStart(pace))) return false
  // Not destroyed on an early end: what happens to the line then is the fault's business.
  for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const { allowed, ends } = await pace(chunk.length)
    if (!to.destroyed && !to.write(chunk.subarray(0, allowed))) await drained(to)
    if (ends) return false
  }
  return true
}

/** A limit of zero bytes ends the line before the first piece. */
async function mayStart(pace: Pace): Promise<boolean> {
  return !(await pace(0)).ends
}

async function drained(stream: Writable): Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain) return
  const settled = new AbortController()
  const { signal } = settled
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]).catch(() => undefined)
  settled.abort()
}
