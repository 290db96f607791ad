import type { PutObjectCommand } from '@aws-sdk/client-s3'
import { isClockCorrected } from '@sluice/transfer/node'
import { BackendError } from './port/errors.ts'
import { transferFailure } from './bucket/failures.ts'

/**
 * Puts a known SHA-256 (hex) of the body into the signature, so the server checks the content even if it knows no
 * checksum headers. Without it the SDK signs streams as UNSIGNED-PAYLOAD.
 */
export function signPayload(command: PutObjectCommand, sha256: string): PutObjectCommand {
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-amz-content-sha256'] = sha256
      return next(args)
    },
    { step: 'build', name: 'sluicePayloadHash' },
  )
  return command
}

/**
 * Runs one request that is cut when nothing moves for `stallMs`; `moved` is called for every sign of life.
 * It is repeated once when the SDK learned from the refusal how far the clock is off.
 * @param what what is tried, for the message
 * @throws BackendError
 */
export async function guarded<T>(
  what: string,
  stallMs: number,
  signal: AbortSignal | undefined,
  request: (signal: AbortSignal, moved: () => void) => Promise<T>,
): Promise<T> {
  const cut = new AbortController()
  const timer = setTimeout(() => cut.abort(), stallMs)
  const combined = signal === undefined ? cut.signal : AbortSignal.any([signal, cut.signal])
  try {
    if (combined.aborted) throw new DOMException('aborted', 'AbortError')
    const moved = (): void => void timer.refresh()
    try {
      return await request(combined, moved)
    } catch (error) {
      if (!isClockCorrected(error)) throw error
      return await request(combined, moved)
    }
  } catch (error) {
    if (signal?.aborted)
      throw new BackendError('ABORTED', `Stopped by the caller: ${what}.`, { retryable: true, cause: error })
    if (cut.signal.aborted) {
      const message = `Cannot ${what}: nothing moved for ${stallMs / 1000} s. Check the network; try again.`
      throw new BackendError('UNAVAILABLE', message, { retryable: true, cause: error })
    }
    throw transferFailure(what, error)
  } finally {
    clearTimeout(timer)
  }
}
