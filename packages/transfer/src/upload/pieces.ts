import type { Engine } from '../engine.ts'
import { TransferError } from '../errors.ts'
import { planUpload } from './part-plan.ts'
import { createPieceReader } from '../source/piece-reader.ts'
import { chunksOf, fillFrom, type OpenSource } from '../source/source.ts'
import { uploadParts } from './parts.ts'
import { checkHash } from './request.ts'
import type { PiecesRun, SentOutcome, UploadOutcome, UploadRun } from './run.ts'
import { uploadSingle } from './single.ts'

/** Sends a source that is read piece by piece: in parts, or with one PUT when it fits into one of them. */
export async function uploadPieces(run: UploadRun): Promise<UploadOutcome> {
  const { engine, options, source, open, signal } = run
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
  const outcome = await choose({
    ...run,
    reader,
    readAt: isSliced ? open.readAt : null,
    bytes: options.compress === undefined ? open.bytes : null,
    plainHash: () => checkHash(source.name, hash?.hex() ?? null, options.sha256),
  })
  // An upload that an earlier run had finished is not read again.
  return { ...outcome, bytes: plainBytes === 0 ? (open.bytes ?? 0) : plainBytes }
}

async function choose(run: PiecesRun): Promise<SentOutcome> {
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
  try {
    const piece = await reader.next(lease.bytes.subarray(0, size), signal)
    if (plan.kind === 'parts' && piece.bytes === size) {
      return await uploadParts(run, { ...partsPlan, partSize: size }, { lease, piece })
    }
    return await uploadSingle(run, {
      body: lease.bytes.subarray(0, piece.bytes),
      crc32: piece.crc32,
      sha256: run.plainHash(),
    })
  } finally {
    lease.release()
  }
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
