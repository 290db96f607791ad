import type { LookupFunction } from 'node:net'
import { S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import { abortedError, throwIfAborted, TransferError } from '../errors.ts'
import { retryAfterOf, s3Failure } from '../s3-errors.ts'
import type { S3Credentials } from './presign.ts'

export interface S3Address {
  readonly region: string
  /** Null = AWS. Any other gets path-style addresses, which every S3-compatible server understands. */
  readonly endpoint: string | null
  readonly credentials: S3Credentials
  readonly lookup?: LookupFunction | undefined
}

/** The SDK's client for the few calls that carry no content; it tries once and adds no checksum of its own. */
export function createS3Client(address: S3Address): S3Client {
  const { sessionToken, ...keys } = address.credentials
  return new S3Client({
    region: address.region,
    ...(address.endpoint === null ? {} : { endpoint: address.endpoint, forcePathStyle: true }),
    credentials: { ...keys, ...(sessionToken === undefined ? {} : { sessionToken }) },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: 10_000,
      ...(address.lookup && {
        httpAgent: { keepAlive: true, lookup: address.lookup },
        httpsAgent: { keepAlive: true, lookup: address.lookup },
      }),
    },
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  })
}

/**
 * Runs one call of the SDK; repeated once when the SDK learned from the refusal how far the clock is off.
 * @param what what is tried, for the message
 * @throws TransferError
 */
export async function s3Call<T>(what: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
  throwIfAborted(signal)
  try {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof S3ServiceException && 'clockSkewCorrected' in error.$metadata)) throw error
      return await call()
    }
  } catch (error) {
    if (signal?.aborted === true) throw abortedError(error)
    throw sdkError(what, error)
  }
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

function sdkError(what: string, error: unknown): TransferError {
  if (TransferError.is(error)) return error
  const status = field(field(error, '$metadata'), 'httpStatusCode')
  const retryAfter = field(field(field(error, '$response'), 'headers'), 'retry-after')
  const named = error instanceof S3ServiceException ? error.name : field(error, 'code')
  const code = typeof named === 'string' && /^\w{3,60}$/.test(named) && named !== 'Unknown' ? named : null
  return s3Failure(what, typeof status === 'number' ? status : null, code, {
    cause: error,
    retryAfterMs: retryAfterOf(typeof retryAfter === 'string' ? retryAfter : undefined, Date.now()),
  })
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
