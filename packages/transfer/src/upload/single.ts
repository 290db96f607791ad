import { crc32ToBase64 } from '../source/crc32.ts'
import { tellingPause } from '../pace/pause.ts'
import { dropEarlier } from './resume.ts'
import { sendBody } from './send-body.ts'
import type { SingleRequest } from '../sessions/port.ts'
import type { SentOutcome, UploadRun } from './run.ts'

/** What one PUT carries. */
export interface Content {
  /** Not changed before the call ends. */
  readonly body: Uint8Array
  /** CRC-32 of it; ignored when no checksum is wanted. */
  readonly crc32: number
  /** Hex SHA-256 of the plain bytes; null when it is not wanted. */
  readonly sha256: string | null
}

/** Sends the whole object with one PUT. The store's reply proves it. */
export async function uploadSingle(run: UploadRun, { body, crc32: sum, sha256 }: Content): Promise<SentOutcome> {
  const { engine, options, meter, ask, signal } = run
  const crc32 = engine.checksum === 'none' ? undefined : crc32ToBase64(sum)
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
}
