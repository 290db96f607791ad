import { z } from 'zod'

/**
 * The part of a function URL's event (payload version 2.0) that is used. An HTTP API's event has the same form, but its
 * path is decoded, and a signature covers the path as it was sent.
 */
export interface LambdaEvent {
  readonly rawPath?: string | null | undefined
  readonly rawQueryString?: string | null | undefined
  readonly headers?: Readonly<Record<string, unknown>> | null | undefined
  readonly body?: string | null | undefined
  readonly isBase64Encoded?: boolean | null | undefined
  readonly requestContext: { readonly http: { readonly method: string; readonly sourceIp?: string | null | undefined } }
}

const text = z.string().nullish()
const eventSchema: z.ZodType<LambdaEvent> = z.object({
  rawPath: text,
  rawQueryString: text,
  headers: z.record(z.string(), z.unknown()).nullish(),
  body: text,
  isBase64Encoded: z.boolean().nullish(),
  requestContext: z.object({ http: z.object({ method: z.string(), sourceIp: text }) }),
})

/** The event, or why it is no request of a function URL, in a sentence for the operator. */
export function readLambdaEvent(event: unknown): LambdaEvent | { readonly problem: string } {
  const { success, data } = eventSchema.safeParse(event)
  if (success) return data
  const { httpMethod, requestContext } = (typeof event === 'object' && event !== null ? event : {}) as {
    httpMethod?: unknown
    requestContext?: { elb?: unknown } | null
  }
  if (requestContext?.elb !== undefined) return { problem: behind('a load balancer') }
  if (httpMethod !== undefined) return { problem: behind('a REST API (payload version 1.0)') }
  return { problem: 'This event is no request of a function URL (payload version 2.0).' }
}

/** These decode the path or the query, so that no signature could be verified. */
function behind(what: string): string {
  return `This gateway stands behind ${what}, which does not hand on the path as it was signed. Put it behind a function URL.`
}
