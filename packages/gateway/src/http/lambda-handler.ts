import { GatewayError } from '../errors.ts'
import { clientAddress } from './client-address.ts'
import type { GatewayReply } from './exchange.ts'
import { type App, refuse, tooLarge } from './refusal.ts'
import { readLambdaEvent } from './lambda-event.ts'

export interface LambdaReply {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The same app behind Lambda. The body is counted here, whatever Content-Length says. Never throws for an event. */
export function createLambdaHandler(app: () => Promise<App>): (event: unknown) => Promise<LambdaReply> {
  return async (event) => {
    const request = readLambdaEvent(event)
    if ('problem' in request) return toLambda(refuse(new GatewayError('BAD_REQUEST', request.problem)))
    const { method, sourceIp } = request.requestContext.http
    const path = request.rawPath ?? '/'
    const target = request.rawQueryString ? `${path}?${request.rawQueryString}` : path
    const body = request.body ?? ''
    const isBase64 = request.isBase64Encoded === true
    const { handle, maxBody } = await app()
    const max = maxBody(method, target)
    // Base64 takes four characters for three bytes; refuse before decoding.
    if (body.length > (isBase64 ? Math.ceil((max * 4) / 3) + 4 : max)) return toLambda(refuse(tooLarge(max)))
    const bytes = Buffer.from(body, isBase64 ? 'base64' : 'utf8')
    const headers = Object.fromEntries(
      Object.entries(request.headers ?? {}).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name.toLowerCase(), value]] : [],
      ),
    )
    // AWS tells the peer itself; what X-Forwarded-For says is the client's.
    const address = clientAddress(sourceIp ?? '', undefined, 0)
    return toLambda(await handle({ method, target, headers, body: bytes, address }))
  }
}

function toLambda({ status, headers, body }: GatewayReply): LambdaReply {
  return { statusCode: status, headers, body }
}
