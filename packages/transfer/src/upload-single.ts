import { crc32ToBase64 } from './crc32.ts'
import type { Lease } from './memory.ts'
import { tellingPause } from './pause.ts'
import type { Piece } from './reader.ts'
import { dropEarlier } from './resume.ts'
import { sendBody } from './send-body.ts'
import type { SingleRequest } from './sessions.ts'
import type { UploadOutcome, UploadRun } from './upload-run.ts'

/** Sends the whole object, which is in memory, with one PUT. The store's reply proves it. */
export async function uploadSingle(
  run: UploadRun,
  read: { readonly lease: Lease; readonly piece: Piece },
): Promise<UploadOutcome> {
  const { engine, options, meter, ask, signal } = run
  try {
    const body = read.lease.bytes.subarray(0, read.piece.bytes)
    const crc32 = engine.checksum === 'none' ? undefined : crc32ToBase64(read.piece.crc32)
    const sha256 = run.plainHash()
    run.open.check()
    await dropEarlier(engine, ask, options.key)
    meter.total(body.length, 1)
    meter.phase('sending')
    const { key, contentType, metadata, compress } = options
    const request: SingleRequest = {
      key,
      contentType,
      metadata,
      contentEncoding: compress,
      sha256: sha256 ?? undefined,
      bytes: body.length,
      crc32,
    }
    const { etag, proof } = await sendBody(engine, {
      what: `send ${key}`,
      body,
      crc32,
      sign: () => ask(`sign ${key}`, (call) => engine.sessions.single(request, call)),
      meter,
      signal,
      pause: tellingPause(options.pause, meter),
    })
    meter.part(1, body.length, 'sent')
    return { storedBytes: body.length, etag, sha256, crc32: crc32 ?? null, parts: 1, partsKept: 0, proof }
  } finally {
    read.lease.release()
  }
}
