import { type GatewayErrorCode, statusOf } from '@sluice/gateway-api'

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
    this.status = statusOf(code)
    this.retryAfterSeconds = options.retryAfterSeconds ?? (this.status === 503 ? 5 : null)
  }

  /** Works across copies of this package, where `instanceof` does not. */
  static is(value: unknown): value is GatewayError {
    return value instanceof Error && value.name === 'GatewayError'
  }
}
