import { type App, refuse, tooLarge } from '../app.ts'
import { clientAddress } from './client-address.ts'
import type { GatewayReply } from './exchange.ts'

/**
 * The part of a function URL's event (payload version 2.0) that is used. An HTTP API's event has the same form, but its
 * path is decoded, and a signature covers the path as it was sent.
 */
export interface LambdaEvent {
  readonly rawPath?: string
  readonly rawQueryString?: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: string
  readonly isBase64Encoded?: boolean
  readonly requestContext?: { readonly http?: { readonly method?: string; readonly sourceIp?: string } }
}

export interface LambdaReply {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The same app behind Lambda. The body is counted here, whatever Content-Length says. */
export function createLambdaHandler(app: () => Promise<App>): (event: LambdaEvent) => Promise<LambdaReply> {
  return async (event) => {
    const { rawPath = '/', rawQueryString = '', headers = {}, body = '', isBase64Encoded = false } = event
    const { method = 'GET', sourceIp = 'unknown' } = event.requestContext?.http ?? {}
    const target = rawQueryString === '' ? rawPath : `${rawPath}?${rawQueryString}`
    const { handle, maxBody } = await app()
    const max = maxBody(method, target)
    // Base64 takes four characters for three bytes; refuse before decoding.
    if (body.length > (isBase64Encoded ? Math.ceil((max * 4) / 3) + 4 : max)) return toLambda(refuse(tooLarge(max)))
    const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')
    const names = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    // AWS tells the peer itself; what X-Forwarded-For says is the client's.
    const address = clientAddress(sourceIp, undefined, 0)
    return toLambda(await handle({ method, target, headers: names, body: bytes, address }))
  }
}

function toLambda({ status, headers, body }: GatewayReply): LambdaReply {
  return { statusCode: status, headers, body }
}
