import type { LookupFunction } from 'node:net'
import { type PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import { BackendError } from './errors.ts'
import { s3Error } from './s3-errors.ts'

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface S3ClientOptions {
  readonly region: string
  /** Null = AWS. Any other gets path-style addresses, which every S3-compatible server understands. */
  readonly endpoint: string | null
  readonly credentials: S3Credentials
  readonly connectTimeoutMs: number
  readonly connections: number
  /** Resolves names in place of the system's resolver. */
  readonly lookup?: LookupFunction | undefined
}

/** The SDK's client, set so that old S3-compatible servers and known checksums work. */
export function createS3Client(options: S3ClientOptions): S3Client {
  const { connections: maxSockets, lookup } = options
  const agent = { keepAlive: true, maxSockets, ...(lookup === undefined ? {} : { lookup }) }
  return new S3Client({
    region: options.region,
    ...(options.endpoint === null ? {} : { endpoint: options.endpoint, forcePathStyle: true }),
    credentials: { ...options.credentials },
    // The SDK's own CRC trailer breaks servers without aws-chunked trailers; we send SHA-256 ourselves.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Waiting and repeating is the caller's business.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  })
}

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
    throw s3Error(what, error)
  } finally {
    clearTimeout(timer)
  }
}

function isClockCorrected(error: unknown): boolean {
  return error instanceof S3ServiceException && 'clockSkewCorrected' in error.$metadata
}
