import { BackendError, type StoredCopy } from '@sluice/backends'
import type { Caller } from './backend-calls.ts'
import { causeCode, messageOf, throwIfAborted } from '../errors.ts'
import type { SendJob } from '../outbox/jobs.ts'
import type { Log } from '../log.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { failedAttempt, type FailedAttempt, type ReceiptCopy } from '../receipt.ts'
import type { Spool } from '../export/spool.ts'
import type { Target } from './target.ts'

export interface DeliveryOptions {
  readonly outbox: Outbox
  readonly spool: Spool
  readonly caller: Caller
  readonly log: Log
  readonly now: () => number
  /** Most files in one batch; a batch is one commit on HuggingFace, which recommends 100 at most. */
  readonly batchFiles: number
}

export interface Delivered {
  readonly copies: readonly ReceiptCopy[]
  readonly failed: readonly FailedAttempt[]
  /** True when the backend took nothing of the last batch: no more is tried in this cycle. */
  readonly exhausted: boolean
}

/** Sends queued jobs of one backend, batch by batch, and records every result at once. */
export async function deliver(
  options: DeliveryOptions,
  target: Target,
  jobs: readonly SendJob[],
  signal?: AbortSignal,
): Promise<Delivered> {
  const { outbox, log, now } = options
  const copies: ReceiptCopy[] = []
  const failed: FailedAttempt[] = []
  for (let at = 0; at < jobs.length; at += options.batchFiles) {
    throwIfAborted(signal)
    const batch = jobs.slice(at, at + options.batchFiles)
    outbox.transaction(() => {
      for (const job of batch) outbox.jobs.set(job.file, target.name, 'leased', now())
    })
    const before = copies.length
    const open = new Map(batch.map((job) => [job.key, job]))
    const last = new Map<string, FailedAttempt>()
    try {
      await options.caller.call(target.name, () => sendBatch(options, target, open, copies, last, signal), signal)
    } catch (error) {
      for (const key of open.keys()) last.set(key, last.get(key) ?? failedAttempt(target.name, key, error))
    } finally {
      outbox.transaction(() => {
        for (const { file } of open.values()) outbox.jobs.set(file, target.name, 'queued', now())
        for (const [key, { code, message }] of last) {
          const job = open.get(key)
          if (job !== undefined) outbox.jobs.fail(job.file, target.name, 'queued', code, message, now())
        }
      })
    }
    failed.push(...last.values())
    throwIfAborted(signal)
    log.info(
      { backend: target.name, sent: copies.length, of: jobs.length },
      `${target.name}: ${copies.length} of ${jobs.length} files stored`,
    )
    if (open.size > 0 && copies.length === before) return { copies, failed, exhausted: true }
  }
  return { copies, failed, exhausted: false }
}

/** One try with what is still open; throws the first failure that a retry may cure. */
async function sendBatch(
  { outbox, spool, now }: DeliveryOptions,
  target: Target,
  open: Map<string, SendJob>,
  copies: ReceiptCopy[],
  last: Map<string, FailedAttempt>,
  signal?: AbortSignal,
): Promise<void> {
  outbox.transaction(() => {
    for (const job of open.values()) outbox.jobs.begin(job.file, target.name, now())
  })
  const objects = [...open.values()].map(({ key, bytes, sha256, path }) => {
    return { key, bytes, sha256, source: { path: spool.path(path) } }
  })
  const results = target.backend.put(objects, signal === undefined ? {} : { signal })
  let first: BackendError | null = null
  for await (const result of results) {
    const job = open.get(result.key)
    if (job === undefined) continue // nothing we asked for; what has no answer is found below
    const isSame = result.ok && result.bytes === job.bytes && result.sha256 === job.sha256
    if (isSame) {
      accept(result, job)
      continue
    }
    const error = result.ok ? protocolError(target.name, job.key) : result.error
    last.set(job.key, failedAttempt(target.name, job.key, error))
    if (!(await isFinal(error, job))) first ??= error
  }
  if (first !== null) throw first
  const unanswered = [...open.keys()].find((key) => !last.has(key))
  if (unanswered !== undefined) throw protocolError(target.name, unanswered)

  function accept(copy: StoredCopy, job: SendJob): void {
    outbox.jobs.verify(job.file, target.name, copy.location, now())
    open.delete(job.key)
    last.delete(job.key)
    const { key, bytes, sha256, rows, source } = job
    copies.push({ backend: target.name, key, bytes, sha256, rows, source, location: copy.location })
  }

  /** Failures of this one file that no retry cures: a bad key is dead, a damaged local file is made again. */
  async function isFinal(error: BackendError, job: SendJob): Promise<boolean> {
    if (error.code === 'BAD_KEY') {
      open.delete(job.key)
      outbox.jobs.fail(job.file, target.name, 'dead', error.code, error.message, now())
      return true
    }
    if (error.code !== 'SOURCE_CHANGED' && error.code !== 'SOURCE_UNREADABLE') return false
    open.delete(job.key)
    outbox.jobs.fail(job.file, target.name, 'queued', error.code, error.message, now())
    if (causeCode(error, ['EMFILE', 'ENFILE', 'EIO']) !== null) return true
    outbox.files.forgetPath(job.file)
    await spool.remove(job.path)
    return true
  }
}

function protocolError(backend: string, key: string): BackendError {
  const text = `${backend} gave no fitting answer for ${messageOf(key)}`
  return new BackendError('PROTOCOL', text, { retryable: true })
}
