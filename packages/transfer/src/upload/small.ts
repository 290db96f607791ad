import { checkHash } from './request.ts'
import type { UploadOutcome, UploadRun } from './run.ts'
import { uploadSingle } from './single.ts'

/** Less than any part, and hashed before a timer could be late. */
export const SMALL: number = 1024 * 1024

/** Sends a source of at most `SMALL` bytes, read and hashed at one go: of many small files the detours count. */
export async function uploadSmall(run: UploadRun, bytes: number): Promise<UploadOutcome> {
  const { engine, options, source, open, signal } = run
  const { hashing } = engine
  const lease = await engine.memory.take(bytes, signal)
  try {
    const buffer = lease.bytes.subarray(0, bytes)
    const filled = await open.read(buffer, signal)
    const body = buffer.subarray(0, filled)
    const hash = engine.sha256 || options.sha256 !== undefined ? hashing.sha256Of(body) : null
    const sha256 = checkHash(source.name, hash, options.sha256)
    const crc32 = engine.checksum === 'none' ? 0 : hashing.crc32(body)
    return { ...(await uploadSingle(run, { body, crc32, sha256 })), bytes: filled }
  } finally {
    lease.release()
  }
}
