import { GatewayError } from '../errors.ts'
import { type GatewayReply, type GatewayRequest, jsonReply } from './exchange.ts'

/** The gateway, as servers see it. */
export interface App {
  /** Never throws. */
  readonly handle: (request: GatewayRequest) => Promise<GatewayReply>
  /** The longest body that is worth reading for this request, bytes. */
  readonly maxBody: (method: string, target: string) => number
}

/** The native form of a refusal. */
export function refuse({ code, status, message, retryAfterSeconds }: GatewayError): GatewayReply {
  const retry = retryAfterSeconds === null ? {} : { retry_after: retryAfterSeconds }
  const headers = retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) }
  return jsonReply({ error: { code, message, ...retry } }, status, headers)
}

export function tooLarge(bytes: number): GatewayError {
  return new GatewayError('TOO_LARGE', `A body of this route has at most ${bytes} bytes.`)
}
