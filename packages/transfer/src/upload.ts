import { createAsk } from './ask.ts'
import type { Engine } from './engine.ts'
import { TransferError } from './errors.ts'
import { createMeter } from './meter.ts'
import { planUpload } from './plan.ts'
import { createPieceReader } from './reader.ts'
import { chunksOf, fillFrom, type OpenSource, type Source } from './source.ts'
import { uploadParts } from './upload-parts.ts'
import { checkUpload, type UploadOptions, type UploadResult } from './upload-request.ts'
import type { UploadOutcome, UploadRun } from './upload-run.ts'
import { uploadSingle } from './upload-single.ts'

/**
 * Moves one source to the store. Starts again by itself, once, when the upload vanished on the server.
 * @throws TransferError; `resumable` when the next call with this source and key goes on where this one ended
 */
export async function upload(engine: Engine, source: Source, options: UploadOptions): Promise<UploadResult> {
  checkUpload(options)
  const { key } = options
  if (engine.busy.has(key)) {
    throw new TransferError('CONFLICT', `${key} is being written by this process already.`, { retryable: true })
  }
  engine.busy.add(key)
  try {
    const { compress, sha256 } = options
    const known =
      compress === undefined || sha256 !== undefined
        ? { ...options }
        : { ...options, sha256: await plainHashAhead(engine, source, options) }
    try {
      return await uploadOnce(engine, source, known)
    } catch (error) {
      if (!TransferError.is(error) || error.code !== 'NO_SUCH_UPLOAD' || !source.reopens) throw error
      return await uploadOnce(engine, source, known)
    }
  } finally {
    engine.busy.delete(key)
  }
}

/**
 * Metadata are fixed before the first byte goes, and of compressed bytes nobody can tell the plain hash later: a source
 * that can be read again is hashed first.
 */
async function plainHashAhead(engine: Engine, source: Source, options: UploadOptions): Promise<string | undefined> {
  if (!engine.sha256 || !source.reopens) return undefined
  const signal = engine.listenable(options.signal)
  const open = await source.open()
  try {
    const hash = engine.hashing.sha256()
    for await (const chunk of chunksOf(open, (bytes) => hash.update(bytes), signal)) void chunk
    open.check()
    return hash.hex()
  } finally {
    await open.close()
  }
}

async function uploadOnce(engine: Engine, source: Source, options: UploadOptions): Promise<UploadResult> {
  const started = engine.clock()
  const meter = createMeter(options.key, options.onEvent, engine.clock)
  const signal = engine.listenable(options.signal)
  const ask = createAsk(engine.retry, engine.callMs, signal, (what) => (error, attempt, delayMs) => {
    meter.retried(what, error, attempt, delayMs)
  })
  meter.phase('starting')
  const open = await source.open()
  try {
    const hash = engine.sha256 || options.sha256 !== undefined ? engine.hashing.sha256() : null
    let plainBytes = 0
    const seen = (bytes: Uint8Array): void => {
      plainBytes += bytes.length
      hash?.update(bytes)
    }
    const crc32 = engine.checksum !== 'none'
    const reader =
      options.compress === undefined
        ? createPieceReader((into, stop) => open.read(into, stop), engine.hashing, { crc32, seen })
        : createPieceReader(compressed(engine, open, options.compress, seen, signal), engine.hashing, { crc32 })
    const isSliced = engine.send.takesSlices === true && !crc32 && hash === null && options.compress === undefined
    const run: UploadRun = {
      engine,
      options,
      source,
      open,
      reader,
      readAt: isSliced ? open.readAt : null,
      meter,
      ask,
      signal,
      bytes: options.compress === undefined ? open.bytes : null,
      plainHash: () => checkHash(source, hash?.hex() ?? null, options.sha256),
    }
    const outcome = await choose(run)
    meter.phase('done')
    // An upload that an earlier run had finished is not read again.
    const bytes = plainBytes === 0 ? (open.bytes ?? 0) : plainBytes
    return { key: options.key, ...outcome, bytes, retries: meter.retries, seconds: (engine.clock() - started) / 1000 }
  } finally {
    await open.close()
  }
}

async function choose(run: UploadRun): Promise<UploadOutcome> {
  const { engine, reader, bytes, signal } = run
  const plan = planUpload({
    bytes,
    partSize: engine.partSize,
    memoryBudget: engine.memory.budget,
    isSliced: run.readAt !== null,
    bytesPerSecond: engine.line.bytesPerSecond,
  })
  if (plan.kind === 'parts' && plan.partSize > engine.memory.budget) {
    const text = `${run.source.name} needs parts of ${plan.partSize} bytes; raise memoryBudget (${engine.memory.budget}) to that.`
    throw new TransferError('BAD_OPTION', text, { retryable: false })
  }
  const partsPlan = { fixed: engine.partSize !== undefined }
  if (plan.kind === 'parts' && bytes !== null) return await uploadParts(run, { ...partsPlan, partSize: plan.partSize })
  // What fits into one part, or may turn out to.
  const size = plan.kind === 'single' ? plan.bytes : plan.partSize
  const lease = await engine.memory.take(size, signal)
  let read
  try {
    const piece = await reader.next(lease.bytes.subarray(0, size), signal)
    read = { lease, piece }
  } catch (error) {
    lease.release()
    throw error
  }
  if (plan.kind === 'single' || read.piece.bytes < size) return await uploadSingle(run, read)
  return await uploadParts(run, { ...partsPlan, partSize: size }, read)
}

function compressed(
  engine: Engine,
  open: OpenSource,
  format: 'gzip' | 'zstd',
  seen: (bytes: Uint8Array) => void,
  signal: AbortSignal | undefined,
): ReturnType<typeof fillFrom> {
  const compress = engine.compress[format]
  if (compress === undefined) {
    throw new TransferError('BAD_OPTION', `${format} is not available here; use another compression or none.`, {
      retryable: false,
    })
  }
  return fillFrom(compress(chunksOf(open, seen, signal)))
}

function checkHash(source: Source, hex: string | null, wanted: string | undefined): string | null {
  if (wanted === undefined || hex === wanted) return hex
  const text = `${source.name} has the SHA-256 ${hex}, not ${wanted}; nothing was stored.`
  throw new TransferError('SOURCE_MISMATCH', text, { retryable: false })
}
