import { createAsk } from './pace/deadline.ts'
import { createBandwidth } from './pace/bandwidth.ts'
import { download, type DownloadOptions, type DownloadResult } from './download/download.ts'
import type { DownloadTarget } from './download/target.ts'
import type { Engine } from './engine.ts'
import { TransferError } from './errors.ts'
import { createGate } from './pace/request-gate.ts'
import type { Hashing } from './source/hashing.ts'
import type { Journal } from './journal/port.ts'
import { createMemory } from './pace/part-memory.ts'
import { LEAST_PART, MIB, planUpload } from './upload/part-plan.ts'
import { abortUpload } from './upload/resume.ts'
import type { RetrySettings } from './pace/retry.ts'
import type { Send } from './sessions/send.ts'
import type { CallOptions, ChecksumMode, UploadSessions } from './sessions/port.ts'
import type { Source } from './source/source.ts'
import { upload } from './upload/upload.ts'
import type { UploadOptions, UploadResult } from './upload/request.ts'
import { sleep } from './pace/sleep.ts'

export interface TransferOptions {
  readonly sessions: UploadSessions
  /** How one signed request is sent. */
  readonly send: Send
  readonly hashing: Hashing
  /** Without one an upload that fails is aborted; with one it can be resumed. */
  readonly journal?: Journal | undefined
  /** Bytes of memory for parts, of all transfers together. Default 64 MiB, at least 10 MiB. */
  readonly memoryBudget?: number | undefined
  /** 5 MiB to 5 GiB; default by size, memory and line. */
  readonly partSize?: number | undefined
  /** Requests in flight at most, of all transfers together. Default 4. */
  readonly concurrency?: number | undefined
  /** Default `crc32`: every part and the whole object, verified by the store. */
  readonly checksum?: ChecksumMode | undefined
  /** Whether to compute the SHA-256 of everything sent. Default true. */
  readonly sha256?: boolean | undefined
  /** Bytes per second, of all transfers together; default unlimited. */
  readonly bandwidth?: number | undefined
  readonly compress?: Engine['compress'] | undefined
  /** A socket on which nothing moves is cut after this. Default 30,000 ms. */
  readonly stallMs?: number | undefined
  /** For each attempt of a call without content. Default 60,000 ms. */
  readonly callMs?: number | undefined
  /** For each attempt of Complete. Default 300,000 ms. */
  readonly completeMs?: number | undefined
  /** Default 10 attempts in a row without any progress, waits of up to 250 ms doubling to 20 s. */
  readonly retry?: Partial<RetrySettings> | undefined
  /** Told of every signal to which many requests listen at once; Node warns of more than ten otherwise. */
  readonly onSignal?: ((signal: AbortSignal) => void) | undefined
  /** Milliseconds since 1970. Default the clock of the machine, with waits and rates measured by one that only goes on. */
  readonly now?: (() => number) | undefined
}

/** An upload that is open on the server, and what the journal knows of it. */
export interface ListedUpload {
  readonly uploadId: string
  readonly key: string
  /** Milliseconds since 1970. */
  readonly initiatedAt: number
  /** Name of the source; null when another machine or program started it. */
  readonly source: string | null
  /** False when the server does not know it any more. */
  readonly onServer: boolean
}

export interface Transfer {
  /** @throws TransferError; `resumable` when the next call with this source and key goes on where this one ended */
  upload(source: Source, options: UploadOptions): Promise<UploadResult>
  /** @throws TransferError; `resumable` when the next call with this target goes on where this one ended */
  download(key: string, target: DownloadTarget, options?: DownloadOptions): Promise<DownloadResult>
  /** Open uploads below the prefix, of the server and of the journal, oldest first. */
  list(prefix?: string, options?: CallOptions): Promise<readonly ListedUpload[]>
  /**
   * Removes an open upload and its parts for good. One that is gone already counts as done.
   * @returns false when it was left alone
   */
  abort(upload: { readonly uploadId: string; readonly key: string }, options?: AbortOptions): Promise<boolean>
}

export interface AbortOptions extends CallOptions {
  /** Leaves it alone when this process, or another one with the same journal, is sending to its key. Default false. */
  readonly ifIdle?: boolean | undefined
}

const DEFAULT_RETRY = { attempts: 10, baseMs: 250, capMs: 20_000, maxWaitMs: 120_000, random: Math.random, sleep }

/** @throws TransferError `BAD_OPTION` */
export function createTransfer(options: TransferOptions): Transfer {
  const engine = createEngine(options)
  const askFor = (signal: AbortSignal | undefined) => createAsk(engine.retry, engine.callMs, signal, () => undefined)
  return {
    upload: (source, request) => upload(engine, source, request),
    download: (key, target, request) => download(engine, key, target, request),
    list: async (prefix = '', { signal } = {}) => await list(engine, prefix, signal),
    abort: async (target, { signal, ifIdle = false } = {}) => {
      const work = async (): Promise<true> => (await abortUpload(engine, askFor(signal), target), true)
      return await (ifIdle ? whenIdle(engine, target.key, work) : work())
    },
  }
}

function createEngine(options: TransferOptions): Engine {
  const { bandwidth, partSize, now = Date.now } = options
  const clock = options.now ?? (() => performance.now())
  const memoryBudget = options.memoryBudget ?? 64 * MIB
  if (!Number.isSafeInteger(memoryBudget) || memoryBudget < 2 * LEAST_PART) {
    throw bad(`memoryBudget must be a whole number of at least ${2 * LEAST_PART} bytes`)
  }
  if (partSize !== undefined) {
    planUpload({ bytes: 1, partSize, memoryBudget })
    if (partSize > memoryBudget) throw bad(`parts of ${partSize} bytes need a memoryBudget of as much`)
  }
  if (bandwidth !== undefined && !(bandwidth >= 1024)) throw bad('bandwidth must be at least 1024 bytes per second')
  const most = options.concurrency ?? 4
  if (!Number.isSafeInteger(most) || most < 1) throw bad('concurrency must be a whole number of at least 1')
  const { stallMs = 30_000 } = options
  if (!(stallMs >= 1 && stallMs < 2 ** 31)) throw bad('stallMs must be 1 to 2147483647 milliseconds')
  const retry = { ...DEFAULT_RETRY, ...options.retry }
  return {
    sessions: options.sessions,
    send: options.send,
    hashing: options.hashing,
    journal: options.journal ?? null,
    memory: createMemory(memoryBudget),
    gate: createGate({ most, now: clock, longestWaitMs: retry.maxWaitMs }),
    allow: bandwidth === undefined ? undefined : createBandwidth(bandwidth, clock, retry.sleep),
    retry,
    checksum: options.checksum ?? 'crc32',
    sha256: options.sha256 ?? true,
    partSize,
    compress: options.compress ?? {},
    stallMs,
    callMs: options.callMs ?? 60_000,
    completeMs: options.completeMs ?? 300_000,
    now,
    clock,
    line: { bytesPerSecond: bandwidth ?? null },
    listenable: (signal) => {
      if (signal !== undefined) options.onSignal?.(signal)
      return signal
    },
    busy: new Set(),
  }
}

/** False when it was not idle. */
async function whenIdle({ sessions, journal, busy }: Engine, key: string, work: () => Promise<true>): Promise<boolean> {
  if (busy.has(key)) return false
  const claim = await journal?.claim(sessions.destination, key)
  if (claim === 'denied') return false
  try {
    return await work()
  } finally {
    await journal?.release(sessions.destination, key, claim === 'granted')
  }
}

async function list(engine: Engine, prefix: string, signal: AbortSignal | undefined): Promise<ListedUpload[]> {
  const { sessions, journal } = engine
  const ask = createAsk(engine.retry, engine.callMs, signal, () => undefined)
  const found = await ask('list the open uploads', (call) => sessions.uploads(prefix, call))
  const entries = (await journal?.list()) ?? []
  const noted = entries.filter((entry) => entry.destination === sessions.destination && entry.key.startsWith(prefix))
  const sources = new Map(noted.map(({ uploadId, source }) => [uploadId, source]))
  const listed = found.map((open) => ({ ...open, source: sources.get(open.uploadId) ?? null, onServer: true }))
  const present = new Set(found.map(({ uploadId }) => uploadId))
  for (const { uploadId, key, startedAt, source } of noted) {
    if (!present.has(uploadId)) listed.push({ uploadId, key, initiatedAt: startedAt, source, onServer: false })
  }
  return listed.sort((a, b) => a.initiatedAt - b.initiatedAt)
}

function bad(text: string): TransferError {
  return new TransferError('BAD_OPTION', `Cannot set up transfers: ${text}.`, { retryable: false })
}
