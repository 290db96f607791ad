import { S3ServiceException } from '@aws-sdk/client-s3'
import { connectionFault } from '@sluice/http'
import { GatewayError } from '../errors.ts'

/** What a failure of the store means for the client of the gateway. Only the meaning is passed on, never the text. */
export function storeError(error: unknown): GatewayError {
  if (GatewayError.is(error)) return error
  const name = error instanceof Error ? error.name : ''
  const status = error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0
  const because = { cause: error }
  switch (name) {
    case 'NoSuchUpload':
      return noSuchUpload(error)
    case 'NoSuchKey':
    case 'NotFound':
      return new GatewayError('NO_SUCH_KEY', 'There is no such object.', because)
    case 'InvalidPart':
    case 'InvalidPartOrder':
      return new GatewayError(
        'CONFLICT',
        'A part is missing or has another ETag; list the parts and send again.',
        because,
      )
    case 'EntityTooSmall':
      return new GatewayError('CONFLICT', 'A part other than the last is smaller than 5 MiB.', because)
    case 'BadDigest':
    case 'InvalidDigest':
    case 'XAmzContentChecksumMismatch':
      return new GatewayError('CONFLICT', 'The checksum of the whole object does not match its parts.', because)
    case 'InvalidRequest':
    case 'InvalidArgument':
    case 'MalformedXML':
    case 'KeyTooLongError':
      return new GatewayError('BAD_REQUEST', 'The store refuses these parts, headers or names.', because)
    default:
      break
  }
  if (status === 429 || status === 503 || name === 'SlowDown') {
    const text = 'The store asks for fewer requests; try later.'
    return new GatewayError('STORE_UNAVAILABLE', text, { retryAfterSeconds: 2, cause: error })
  }
  const fault = connectionFault(error)
  // Said in the log, with the cause; whoever asks the gateway can do nothing about it.
  if (status === 0 && (fault.kind === 'tls' || fault.kind === 'proxy')) because.cause = new Error(fault.text, because)
  return new GatewayError('STORE_UNAVAILABLE', 'The store does not answer as it should; try again.', because)
}

export function noSuchUpload(cause: unknown): GatewayError {
  return new GatewayError('NO_SUCH_UPLOAD', 'The store does not know this upload any more; start anew.', { cause })
}
