import type { z } from 'zod'
import type { GatewayError } from '../errors.ts'
import { type GatewayReply, jsonReply } from '../http/exchange.ts'
import { checked } from '../routes/native.ts'
import { parseBody } from '../strict-json.ts'

/** How FastAPI says no, which is what the originals' clients read. */
export function refuseWithDetail({ status, message, retryAfterSeconds }: GatewayError): GatewayReply {
  const headers = retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) }
  return jsonReply({ detail: message }, status, headers)
}

/** The body as a model of the original; members it does not know are ignored, as there. @throws GatewayError BAD_REQUEST */
export function readModel<T extends z.ZodType>(schema: T, body: Uint8Array): z.infer<T> {
  return checked(schema, body.length === 0 ? {} : parseBody(body))
}

/** Python's `datetime.isoformat()` of a time without zone. */
export const pythonTime = (ms: number): string => new Date(ms).toISOString().slice(0, 19)
