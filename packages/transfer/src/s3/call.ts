import { S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import { connectionFault, createAgents, type WayOutOptions } from '@sluice/http'
import { abortedError, throwIfAborted, TransferError } from '../errors.ts'
import { lastingFault } from '../node/http-failures.ts'
import { retryAfterOf, s3Failure } from '../sessions/s3-errors.ts'
import type { S3Credentials } from '@sluice/presign'

export interface S3Address extends WayOutOptions {
  readonly region: string
  /** Null = AWS. Any other gets path-style addresses, which every S3-compatible server understands. */
  readonly endpoint: string | null
  readonly credentials: S3Credentials
  /** At once, default 50. */
  readonly connections?: number | undefined
}

/** The SDK's client, set so that old S3-compatible servers work; it tries once and adds no checksum of its own. */
export function createS3Client(address: S3Address): S3Client {
  const { connections = 50, connectMs = 10_000 } = address
  const { sessionToken, ...keys } = address.credentials
  const { http, https } = createAgents({ ...address, connections })
  return new S3Client({
    region: address.region,
    ...(address.endpoint === null ? {} : { endpoint: address.endpoint, forcePathStyle: true }),
    credentials: { ...keys, ...(sessionToken === undefined ? {} : { sessionToken }) },
    // The SDK's own CRC trailer breaks servers without aws-chunked trailers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Some servers never answer it.
    expectContinueHeader: false,
    // Waiting and repeating is the caller's business.
    maxAttempts: 1,
    // It ends the agents with itself.
    requestHandler: { connectionTimeout: connectMs, httpAgent: http, httpsAgent: https },
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  })
}

/**
 * Runs one call of the SDK; repeated at once, once, when the SDK learned from the refusal how far the clock is off, or when the
 * connection ended without an answer, as a kept one does that the store had closed.
 * @param what what is tried, for the message
 * @throws TransferError
 */
export async function s3Call<T>(what: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
  throwIfAborted(signal)
  try {
    try {
      return await call()
    } catch (error) {
      if (signal?.aborted === true || !(isClockCorrected(error) || isCut(error))) throw error
      return await call()
    }
  } catch (error) {
    if (signal?.aborted === true) throw abortedError(error)
    throw sdkFailure(what, error)
  }
}

/** Whether the SDK knows the time of the store now: the same call will do. */
function isClockCorrected(error: unknown): boolean {
  return error instanceof S3ServiceException && 'clockSkewCorrected' in error.$metadata
}

function isCut(error: unknown): boolean {
  return statusOf(error) === null && connectionFault(error).kind === 'closed'
}

/** As `s3Call`, of an open upload: radosgw calls one that is gone a missing key. @throws TransferError `NO_SUCH_UPLOAD` */
export async function uploadCall<T>(what: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
  try {
    return await s3Call(what, signal, call)
  } catch (error) {
    if (!TransferError.is(error) || error.code !== 'NO_SUCH_KEY') throw error
    throw s3Failure(what, 404, 'NoSuchUpload', { cause: error })
  }
}

/** What a failure of the SDK, or of the connection below it, means; one that is known already passes through. */
export function sdkFailure(what: string, error: unknown): TransferError {
  if (TransferError.is(error)) return error
  const lasting = statusOf(error) === null ? lastingFault(what, error) : null
  if (lasting !== null) return lasting
  const retryAfter = field(field(field(error, '$response'), 'headers'), 'retry-after')
  const named = error instanceof S3ServiceException ? error.name : (field(error, 'code') ?? field(error, 'name'))
  const known = typeof named === 'string' && /^\w{3,60}$/.test(named) && named !== 'Unknown' ? named : null
  // It was signed this very moment: the clock is wrong.
  const code = known === 'RequestExpired' ? 'RequestTimeTooSkewed' : known
  return s3Failure(what, statusOf(error), code, {
    cause: error,
    retryAfterMs: retryAfterOf(typeof retryAfter === 'string' ? retryAfter : undefined, Date.now()),
  })
}

/** Of the reply that an error of the SDK is about; null when there was none. */
export function statusOf(error: unknown): number | null {
  const status = field(field(error, '$metadata'), 'httpStatusCode')
  return typeof status === 'number' ? status : null
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
