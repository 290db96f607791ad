import type { DatasetCard } from '@sluice/backends'
import { messageOf, throwIfAborted } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { Cycle } from './cycle-targets.ts'

export interface CardOptions {
  readonly outbox: Outbox
  readonly hotkey: string
  readonly netuid: number
  readonly log: Log
  readonly now: () => number
}

/**
 * Rewrites README.md and stats.json of the HuggingFace repository after its manifest changed.
 * A failure is a warning and is tried again in the next cycle: data never waits for its description.
 */
export async function updateCardIfDue(options: CardOptions, cycle: Cycle, signal?: AbortSignal): Promise<void> {
  const { outbox, log } = options
  const target = cycle.ready('huggingface')
  const manifest = outbox.targets.get('huggingface')?.manifestSha256 ?? null
  if (target?.describe === undefined || manifest === null || outbox.meta('card') === manifest) return
  try {
    await target.describe(cardOf(options), signal)
    outbox.setMeta('card', manifest)
  } catch (error) {
    throwIfAborted(signal)
    log.warn({ repository: target.place }, `dataset card not written, tried again next time: ${messageOf(error)}`)
  }
}

/** What the repository lists, to the hour: the oldest and newest partition stand for the oldest and newest row. */
function cardOf({ outbox, hotkey, netuid, now }: CardOptions): DatasetCard {
  const listed = outbox.targets.listed('huggingface')
  const files = outbox.files.verifiedIn('huggingface').filter((file) => listed.has(file.id))
  const hours = files.flatMap(({ hour }) => (hour === null ? [] : [hour]))
  const startOf = (hour: number): string => new Date(hour * 3_600_000).toISOString()
  return {
    hotkey,
    netuid,
    sources: [...new Set(files.flatMap(({ source }) => (source === null ? [] : [source])))].sort((a, b) =>
      a < b ? -1 : 1,
    ),
    totalRows: files.reduce((sum, file) => sum + (file.rows ?? 0), 0),
    startDate: hours.length === 0 ? null : startOf(hours.reduce((a, b) => Math.min(a, b))),
    endDate: hours.length === 0 ? null : startOf(hours.reduce((a, b) => Math.max(a, b))),
    updatedAt: new Date(now()).toISOString(),
  }
}
