import type { Hotkey } from '@sluice/hotkey'
import { createHash } from 'node:crypto'
import { isSafePath, type FieldEncoding } from '@sluice/dataset'
import { type CallSettings, createCaller } from './cycle/backend-calls.ts'
import type { StorageConfig } from './policy/in-force.ts'
import { type CycleOptions, runCycle } from './cycle/run-cycle.ts'
import { StorageError } from './errors.ts'
import { createExporter } from './export/exporter.ts'
import { lockState } from './outbox/lock.ts'
import type { Log } from './log.ts'
import { type Outbox, openOutbox } from './outbox/outbox.ts'
import { stateError } from './outbox/schema.ts'
import type { PointerPublisher } from './cycle/pointer.ts'
import type { Receipt } from './receipt.ts'
import type { RowSource } from './export/row-source.ts'
import { openSpool } from './export/spool.ts'
import { rememberPlan, statusOf, type StorageStatus } from './status.ts'
import { openBeside, type OpenTarget, type Target } from './cycle/target.ts'

export interface EncodingKeys {
  /** Fernet keys, base64url. Usernames get the public (shared) one, URLs the private one. */
  readonly publicKey: string
  readonly privateKey: string
}

/** Sizes and rhythms; every one has a default. */
export interface StorageLimits {
  /** Most files in one batch (one commit on HuggingFace). Default 100. */
  readonly batchFiles?: number
  /** Most bytes exported before they are sent. Default 1 GiB. */
  readonly chunkBytes?: number
  /** Most bytes that wait on disk while no backend takes them. Default 16 GiB. */
  readonly maxSpoolBytes?: number
  /** Planned upper size of one Parquet file. Default 256 MiB. */
  readonly maxFileBytes?: number
  /** Share of the unchanged partitions whose content is read in full in each cycle, 0..1. Default 0.01. */
  readonly recheckShare?: number
  /** A partition unread for so long is read in any case. Default one day. */
  readonly recheckAfterMs?: number
}

/** Everything the miner's side needs, as ports. `createStorageFromConfig` fills them with the real ones. */
export interface DualStorageOptions {
  readonly netuid: number
  readonly hotkey: Hotkey
  readonly stateFile: string
  readonly rows: RowSource
  /** Asked at the start of every call. */
  readonly readConfig: (signal?: AbortSignal) => Promise<StorageConfig>
  readonly openTarget: OpenTarget
  readonly pointer: PointerPublisher | null
  readonly log: Log
  readonly encoding?: FieldEncoding
  readonly encodingKeys?: EncodingKeys
  readonly retention?: 'keep' | 'mirror'
  readonly limits?: StorageLimits
  readonly calls?: CallSettings
  /** Backends that get everything beside what the policy wants, e.g. an archive of one's own. */
  readonly additional?: readonly Target[]
  readonly now?: () => number
  /** Called once at the end of `close`. */
  readonly onClose?: () => Promise<void>
}

/** The miner's storage: S3 and HuggingFace by the subnet's policy, nothing lost in between. */
export interface DualStorage {
  /** One cycle; safe to call again at any time. @throws StorageError when nothing was stored and nothing is queued */
  uploadData(options?: { readonly signal?: AbortSignal }): Promise<Receipt>
  /** Stores one file under `files/{key}`; the same key again replaces it. @throws StorageError `BAD_FILE`, as above */
  uploadFile(path: string, options: { readonly key: string; readonly signal?: AbortSignal }): Promise<Receipt>
  status(): StorageStatus
  /** Stops what is running (it goes on in the next run) and releases the state file. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Raised when the same rows shall give other files than before. */
const exportFormat = 1

/**
 * Opens the storage of one miner over its state file.
 * @throws StorageError `STATE_*`, `NO_SPACE`
 */
export async function createDualStorage(options: DualStorageOptions): Promise<DualStorage> {
  const { hotkey, netuid, stateFile, log } = options
  const lock = lockState(stateFile)
  const stop = new AbortController()
  let outbox: Outbox | null = null
  let cycle: CycleOptions
  try {
    outbox = openOutbox(stateFile, { hotkey: hotkey.address, netuid })
    cycle = await wire(options, outbox)
  } catch (error) {
    outbox?.close()
    lock.release()
    throw error
  }
  const opened = outbox
  let running: Promise<unknown> = Promise.resolve()
  let closing: Promise<void> | null = null

  /** One at a time: the outbox has one writer. */
  async function serially<T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (closing !== null) throw new StorageError('CLOSED', 'this storage is closed; create it again')
    const both = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal])
    const result = running.then(() => work(both))
    running = result.catch(() => undefined)
    try {
      return await result
    } catch (error) {
      throw stateError(error, stateFile)
    }
  }

  async function run(scope: 'all' | 'files', signal: AbortSignal): Promise<Receipt> {
    const config = await options.readConfig(signal)
    rememberPlan(opened, config)
    const receipt = await runCycle(cycle, config, scope, signal)
    log.info(
      { copies: receipt.copies.length, failed: receipt.failedAttempts.length, complete: receipt.complete },
      receipt.complete ? 'everything is stored and listed' : 'not everything is stored yet; the next cycle goes on',
    )
    return receipt
  }

  async function shutDown(): Promise<void> {
    stop.abort(new Error('the storage is being closed'))
    await running
    opened.close()
    options.rows.close()
    lock.release()
    await options.onClose?.()
  }
  const close = (): Promise<void> => (closing ??= shutDown())

  return {
    uploadData: ({ signal } = {}) => serially((both) => run('all', both), signal),
    uploadFile: (path, { key, signal }) =>
      serially(async (both) => {
        await sealUserFile(cycle, path, key)
        return await run('files', both)
      }, signal),
    status: () => statusOf(opened),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function wire(options: DualStorageOptions, outbox: Outbox): Promise<CycleOptions> {
  const { hotkey, netuid, stateFile, rows, log, encoding, encodingKeys, limits = {}, additional = [] } = options
  const now = options.now ?? Date.now
  const spool = await openSpool(`${stateFile}.spool`)
  await spool.sweep(new Set(outbox.files.withLocalCopy().map((file) => file.path ?? '')))
  const caller = createCaller(outbox, { now, ...options.calls })
  const maxFileBytes = limits.maxFileBytes
  const exporter = createExporter({
    rows,
    directory: spool.directory,
    ...(encoding === undefined ? {} : { encoding }),
    ...(maxFileBytes === undefined ? {} : { maxFileBytes }),
  })
  const keys = encodingKeys === undefined ? 'plain' : `${encodingKeys.publicKey}.${encodingKeys.privateKey}`
  const format = `${exportFormat}-${createHash('sha256')
    .update(`${keys}.${maxFileBytes ?? ''}`)
    .digest('hex')
    .slice(0, 16)}`
  return {
    outbox,
    spool,
    caller,
    rows,
    exporter,
    format,
    log,
    now,
    clock: now,
    netuid,
    hotkey: hotkey.address,
    openTarget: openBeside(options.openTarget, additional),
    additional: additional.map((target) => target.name),
    pointer: options.pointer,
    manifest: { outbox, signer: hotkey, netuid, now },
    batchFiles: limits.batchFiles ?? 100,
    chunkBytes: limits.chunkBytes ?? 1024 ** 3,
    maxSpoolBytes: limits.maxSpoolBytes ?? 16 * 1024 ** 3,
    recheckShare: limits.recheckShare ?? 0.01,
    recheckAfterMs: limits.recheckAfterMs ?? 24 * 3600 * 1000,
    retention: options.retention ?? 'keep',
    encodingKey: encodingKeys?.publicKey ?? null,
  }
}

/** Copies the file into the spool and records it; a changed content replaces the one before everywhere. */
async function sealUserFile({ outbox, spool, now }: CycleOptions, path: string, key: string): Promise<void> {
  const full = key.startsWith('files/') ? key : `files/${key}`
  if (!isSafePath(full)) {
    const text = `the key ${JSON.stringify(key)} is not allowed: use letters, digits and . _ = - with single slashes`
    throw new StorageError('BAD_FILE', text)
  }
  const { name, bytes, sha256 } = await spool.adopt(full, path)
  const former = outbox.files.byKey(full)?.path ?? null
  outbox.transaction(() => {
    const before = outbox.files.byKey(full)
    if (before !== null && before.sha256 !== sha256) {
      outbox.jobs.removeFile(before.id)
      outbox.targets.unlist(before.id)
    }
    outbox.files.put({ key: full, bytes, sha256, rows: null, source: null, hour: null, path: name }, now())
  })
  if (former !== null && former !== name) await spool.remove(former)
}
