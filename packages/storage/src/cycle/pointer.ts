import { messageOf, throwIfAborted } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { Cycle } from './cycle-targets.ts'

/** Tells validators where the miner's HuggingFace repository is, by the miner's own commitment on chain. */
export interface PointerPublisher {
  /** Publishes `namespace/name`; the block it is in, or null when it was there already. */
  publish(repository: string, signal?: AbortSignal): Promise<{ readonly block: number } | null>
}

export interface PointerOptions {
  readonly outbox: Outbox
  readonly pointer: PointerPublisher | null
  readonly log: Log
}

/** A chain that finalizes nothing for this long is tried again in the next cycle. */
const deadlineMs = 180_000

/**
 * Publishes the pointer once HuggingFace lists something, and again when the repository changed.
 * A failure is a warning and is tried again in the next cycle: data never waits for the chain.
 */
export async function publishPointerIfDue(
  { outbox, pointer, log }: PointerOptions,
  cycle: Cycle,
  signal?: AbortSignal,
): Promise<void> {
  const target = cycle.ready('huggingface')
  if (pointer === null || target === null || outbox.meta('pointer') === target.place) return
  if (outbox.targets.listed('huggingface').size === 0) return
  const deadline = AbortSignal.timeout(deadlineMs)
  try {
    const done = await pointer.publish(
      target.place,
      signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    )
    outbox.setMeta('pointer', target.place)
    const how = done === null ? 'was on chain already' : `published on chain at block ${done.block}`
    log.info({ repository: target.place }, `pointer to ${target.place} ${how}`)
  } catch (error) {
    throwIfAborted(signal)
    log.warn(
      { repository: target.place },
      `pointer to ${target.place} not published, tried again next time: ${messageOf(error)}`,
    )
  }
}
