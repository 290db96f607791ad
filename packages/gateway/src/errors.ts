/** Every way the gateway answers "no". The code goes to the client, the status follows from it. */
export type GatewayErrorCode =
  | 'BAD_SIGNATURE' // unsigned, malformed, or not signed by this hotkey over this request
  | 'EXPIRED' // signed outside the time window; the Date header tells the server's clock
  | 'REPLAYED' // this signed request was already accepted
  | 'NOT_REGISTERED' // the hotkey has no UID in the subnet
  | 'NOT_IN_COHORT' // the policy does not send this hotkey to S3
  | 'EXCLUDED' // the policy excludes this hotkey by name
  | 'NO_PERMIT' // only validators may do this
  | 'NO_SUCH_UPLOAD' // no such upload of this hotkey
  | 'NO_SUCH_KEY' // no such object of this hotkey
  | 'NO_SUCH_ROUTE'
  | 'CONFLICT' // the upload is not what the request says
  | 'TOO_LARGE' // body, object or part count
  | 'BAD_REQUEST' // the body does not fit the schema
  | 'TOO_MANY' // rate, or open uploads
  | 'CHAIN_STALE' // the chain was not read for too long, so no new writes
  | 'STORE_UNAVAILABLE' // the object store or the shared state does not answer
  | 'INTERNAL'

const statuses: Readonly<Record<GatewayErrorCode, number>> = {
  BAD_SIGNATURE: 401,
  EXPIRED: 401,
  REPLAYED: 401,
  NOT_REGISTERED: 403,
  NOT_IN_COHORT: 403,
  EXCLUDED: 403,
  NO_PERMIT: 403,
  NO_SUCH_UPLOAD: 404,
  NO_SUCH_KEY: 404,
  NO_SUCH_ROUTE: 404,
  CONFLICT: 409,
  TOO_LARGE: 413,
  BAD_REQUEST: 422,
  TOO_MANY: 429,
  CHAIN_STALE: 503,
  STORE_UNAVAILABLE: 503,
  INTERNAL: 500,
}

export interface GatewayErrorOptions {
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
}

/** A refusal. The message goes to the client: it says what to do next and names nothing internal. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: GatewayErrorCode
  readonly status: number
  /** Null when repeating the same request will not help. */
  readonly retryAfterSeconds: number | null

  constructor(code: GatewayErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = statuses[code]
    this.retryAfterSeconds = options.retryAfterSeconds ?? (this.status === 503 ? 5 : null)
  }

  /** Works across copies of this package, where `instanceof` does not. */
  static is(value: unknown): value is GatewayError {
    return value instanceof Error && value.name === 'GatewayError'
  }
}
