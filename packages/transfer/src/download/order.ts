import { abortedError, TransferError } from '../errors.ts'
import { fetchRange, type RangeTools } from './range.ts'
import type { Lease, Memory } from '../pace/part-memory.ts'
import { eitherSignal } from '../pace/sleep.ts'

export interface OrderOptions {
  readonly memory: Memory
  /** First byte wanted. */
  readonly from: number
  /** Bytes per request. */
  readonly rangeSize: number
  /** Ranges on their way or waiting for their turn. */
  readonly window: number
}

interface Piece {
  readonly lease: Lease
  readonly filled: number
  readonly error: unknown
}

/**
 * Fetches an object from `from` to its end in parallel ranges and yields them in order. Memory: `window` ranges, and no
 * more than the budget. A chunk is used again once the next one is asked for. When a range fails for good, what came of
 * it before is yielded first.
 * @throws TransferError as `fetchRange`
 */
export async function* fetchInOrder(tools: RangeTools, options: OrderOptions): AsyncGenerator<Uint8Array, void> {
  const { memory, from, rangeSize, window } = options
  const cut = new AbortController()
  const signal = tools.listenable(eitherSignal(tools.signal, cut.signal))
  const inside: RangeTools = { ...tools, signal }
  let number = Math.floor(from / rangeSize)
  const started: Promise<Piece>[] = []

  async function start(position: number): Promise<Piece> {
    const length = Math.min(rangeSize, tools.bytes - position)
    const lease = await memory.take(length, signal)
    let filled = 0
    try {
      const into = lease.bytes.subarray(0, length)
      await fetchRange(inside, { start: position, into }, (bytes) => (filled = bytes))
      return { lease, filled, error: null }
    } catch (error) {
      return { lease, filled, error }
    }
  }

  try {
    for (let next = from; next < tools.bytes || started.length > 0;) {
      for (; next < tools.bytes && started.length < window; next += rangeSize) {
        const piece = start(next)
        piece.catch(() => undefined) // reported when its turn comes
        started.push(piece)
      }
      const { lease, filled, error } = await (started.shift() as Promise<Piece>)
      try {
        if (filled > 0) yield lease.bytes.subarray(0, filled)
      } finally {
        lease.release()
      }
      if (error === null) tools.meter.part(++number, filled, 'sent')
      else throw tools.signal?.aborted === true ? abortedError(tools.signal.reason) : asTransferError(error)
    }
  } finally {
    cut.abort()
    for (const piece of started) {
      await piece.then(
        ({ lease }) => lease.release(),
        () => undefined,
      )
    }
  }
}

function asTransferError(error: unknown): unknown {
  if (TransferError.is(error)) return error
  return new TransferError('PROTOCOL', 'A range failed in an unknown way.', { retryable: true, cause: error })
}
