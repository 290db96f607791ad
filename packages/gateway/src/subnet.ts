import { z } from 'zod'

/** What the gateway knows of one registered hotkey. */
export interface Standing {
  readonly uid: number
  readonly validatorPermit: boolean
  /** Whole units (1e9 rao); null where the chain does not tell. */
  readonly stake: number | null
  /** Whether the policy sends this hotkey's data to S3. */
  readonly mayWrite: boolean
  readonly excluded: boolean
  /** One sentence: why, or why not. */
  readonly reason: string
}

/** The subnet at one finalized block. */
export interface SubnetView {
  readonly block: number
  /** By ss58, prefix 42. */
  readonly standings: ReadonlyMap<string, Standing>
}

/** A view and whether it is too old for new writes. */
export interface KnownSubnet {
  readonly view: SubnetView
  readonly stale: boolean
}

/** The port to the chain. */
export interface Subnet {
  /** Null until something is known. */
  current(): KnownSubnet | null
  /** Milliseconds since the last finalized block was seen; null when none was. */
  ageMs(): number | null
  close(): Promise<void>
}

export interface SubnetWatchOptions {
  /** Reads the whole view at one finalized block. */
  readonly read: (signal: AbortSignal) => Promise<SubnetView>
  /** Default 12 s, a block. */
  readonly refreshMs?: number
  /** A view whose block has not moved for so long is stale; default 10 minutes. */
  readonly maxAgeMs?: number
  /** Keeps the last view over restarts, so that reads go on while the chain is away. */
  readonly keep?: { load(): Promise<string | null>; save(text: string): Promise<void> }
  readonly now?: () => number
  readonly warn?: (message: string) => void
}

export interface SubnetWatch extends Subnet {
  /** Resolves when a kept view is loaded, or without one after the first try; tries go on in the background. */
  readonly ready: Promise<void>
  /** Reads now, once at a time. */
  readonly refresh: () => Promise<void>
  /**
   * Reads now if the last view is older than `olderThanMs`, and waits for that until the try has taken `waitMs`. With a
   * view to go on with it does not wait at all after a try that failed, since the chain is probably away.
   */
  readonly freshen: (olderThanMs: number, waitMs: number) => Promise<void>
}

/** One try. */
const READ_MS = 60_000

/** Reads the chain in the background; a request never waits for it. Age counts from when the block last moved. */
export function watchSubnet(options: SubnetWatchOptions): SubnetWatch {
  const { read, refreshMs = 12_000, maxAgeMs = 600_000, keep, now = Date.now, warn = () => undefined } = options
  const stop = new AbortController()
  let known: { view: SubnetView; movedAt: number } | null = null
  let running: Promise<void> | null = null
  let startedAt = 0
  let hasFailed = false
  let timer: NodeJS.Timeout | undefined

  const accept = async (view: SubnetView, movedAt: number): Promise<void> => {
    // An endpoint that is behind must not bring back who was deregistered since.
    if (known !== null && view.block < known.view.block) {
      warn(`The chain shows block ${view.block}, before the known block ${known.view.block}; it is not believed.`)
      return
    }
    const moved = known === null || view.block > known.view.block
    known = { view, movedAt: moved ? movedAt : known!.movedAt }
    if (moved) await keep?.save(viewToText(known)).catch(() => warn('The subnet’s last view could not be kept.'))
  }
  const readOnce = async (): Promise<void> => {
    startedAt = now()
    try {
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(READ_MS)])
      await accept(await unlessAborted(signal, read(signal)), now())
      hasFailed = false
    } catch (error) {
      hasFailed = true
      if (!stop.signal.aborted) warn(`The chain cannot be read: ${error instanceof Error ? error.message : 'unknown'}`)
    }
  }
  const refresh = (): Promise<void> => (running ??= readOnce().finally(() => (running = null)))
  const loop = async (): Promise<void> => {
    await refresh()
    later(refreshMs)
  }
  const later = (ms: number): void => {
    if (stop.signal.aborted) return
    timer = setTimeout(() => void loop(), ms)
    timer.unref()
  }
  const start = async (): Promise<void> => {
    const kept = viewFromText((await keep?.load().catch(() => null)) ?? null, now())
    if (kept === null) return await loop()
    known = kept
    // With a view from before, the first request need wait neither for the chain nor for its library to load. Nor when it
    // is old: what may be read does not change, and writes are refused until the chain has answered.
    later(Math.min(refreshMs, 1_000))
  }
  const ageMs = (): number | null => (known === null ? null : now() - known.movedAt)
  return {
    ready: start(),
    current: () => (known === null ? null : { view: known.view, stale: (ageMs() ?? 0) > maxAgeMs }),
    ageMs,
    refresh,
    freshen: async (olderThanMs, waitMs) => {
      if ((ageMs() ?? Number.POSITIVE_INFINITY) <= olderThanMs) return
      const isAway = known !== null && hasFailed
      const reading = refresh()
      const left = waitMs - (now() - startedAt)
      if (!isAway && left > 0) await atMost(left, reading)
    },
    close: async () => {
      stop.abort()
      clearTimeout(timer)
      await running
    },
  }
}

/** The work's outcome, or the signal's reason as soon as it is aborted: the work may not listen to it. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let stop = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

function viewToText({ view, movedAt }: { view: SubnetView; movedAt: number }): string {
  return JSON.stringify({ block: view.block, movedAt, standings: [...view.standings] })
}

const keptView = z.object({
  block: z.int().min(0),
  movedAt: z.int().min(0),
  standings: z.array(
    z.tuple([
      z.string(),
      z.object({
        uid: z.int().min(0),
        validatorPermit: z.boolean(),
        stake: z.number().nullable(),
        mayWrite: z.boolean(),
        excluded: z.boolean(),
        reason: z.string(),
      }),
    ]),
  ),
})

/** Null for anything but what was kept; a time in the future would never grow old. */
function viewFromText(text: string | null, now: number): { view: SubnetView; movedAt: number } | null {
  if (text === null) return null
  try {
    const { block, movedAt, standings } = keptView.parse(JSON.parse(text))
    return { view: { block, standings: new Map(standings) }, movedAt: Math.min(movedAt, now) }
  } catch {
    return null
  }
}
