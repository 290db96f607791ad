import { createAsk } from '../pace/deadline.ts'
import type { Engine } from '../engine.ts'
import { TransferError } from '../errors.ts'
import { createMeter } from '../pace/progress.ts'
import { chunksOf, type Source } from '../source/source.ts'
import { uploadPieces } from './pieces.ts'
import { checkUpload, type UploadOptions, type UploadResult } from './request.ts'
import type { UploadRun } from './run.ts'
import { SMALL, uploadSmall } from './small.ts'

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
    const run: UploadRun = { engine, options, source, open, meter, ask, signal }
    const isSmall = open.bytes !== null && open.bytes <= SMALL && options.compress === undefined
    const outcome = await (isSmall ? uploadSmall(run, open.bytes) : uploadPieces(run))
    meter.phase('done')
    return { key: options.key, ...outcome, retries: meter.retries, seconds: (engine.clock() - started) / 1000 }
  } finally {
    await open.close()
  }
}
