import { once } from 'node:events'
import { type Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WireFaultKind } from './faults.ts'
import { pump, replyPace, requestPace } from './pace.ts'

export interface Exchange {
  readonly target: URL
  readonly agent: Agent
  readonly fault: WireFaultKind | null
  readonly message: IncomingMessage
  readonly response: ServerResponse
}

const injected = 'Injected on the wire.'
const unknownEtag = '"0123456789abcdef0123456789abcdef"'

/** Carries one request to the server and its reply back, as far as the fault lets it. @returns the status sent */
export async function forward(exchange: Exchange): Promise<number | null> {
  const { fault, message, response } = exchange
  if (fault === 'reset') return cut(message)
  if (fault === 'stall') {
    message.resume()
    return null
  }
  const refusal = refusalOf(fault)
  if (refusal !== null) return await refuse(refusal, message, response)
  const upstream = send(exchange)
  try {
    return await converse(exchange, upstream)
  } catch {
    // The server is gone or broke the line; so does the proxy.
    return cut(message)
  } finally {
    if (fault !== 'mute' && message.socket.destroyed) upstream.destroy()
  }
}

async function converse({ fault, message, response }: Exchange, upstream: ClientRequest): Promise<number | null> {
  const replied = once(upstream, 'response') as Promise<[IncomingMessage]>
  replied.catch(() => undefined) // a server may answer, or break, while the body is still on its way
  const leave = (): void => {
    if (!message.complete) upstream.destroy()
  }
  message.socket.once('close', leave)
  if (!(await pump(message, upstream, requestPace(fault)))) {
    if (isKind(fault, 'cutRequestAfter')) upstream.destroy()
    return isKind(fault, 'cutRequestAfter') ? cut(message) : null
  }
  upstream.end()
  const [reply] = await replied
  message.socket.off('close', leave)
  if (fault === 'lost-reply' || fault === 'mute' || fault === 'error-in-200') {
    await drain(reply)
    if (fault === 'lost-reply') return cut(message)
    return fault === 'mute' ? null : await refuse({ status: 200, code: 'InternalError' }, message, response)
  }
  if (isKind(fault, 'delayMs')) await sleep(fault.delayMs)
  return await answer(fault, reply, message, response)
}

async function answer(
  fault: WireFaultKind | null,
  reply: IncomingMessage,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  const status = reply.statusCode ?? 502
  const headers = fault === 'wrong-etag' ? replaced(reply.rawHeaders, 'etag', unknownEtag) : reply.rawHeaders
  response.sendDate = false
  const { socket } = message
  const kept: Buffer[] = []
  if (fault === 'duplicate-reply') {
    for await (const chunk of reply as AsyncIterable<Buffer>) kept.push(chunk)
    response.once('finish', () => void socket.write(rawReply(reply, Buffer.concat(kept))))
  }
  response.writeHead(status, reply.statusMessage, headers)
  response.flushHeaders()
  for (const chunk of kept) response.write(chunk)
  const whole = kept.length > 0 || (await pump(reply, response, replyPace(fault)))
  if (whole) {
    response.end()
    return status
  }
  // What was written must leave before the line ends.
  if (isKind(fault, 'cutReplyAfter')) await sleep(5).then(() => cut(message))
  if (isKind(fault, 'endReplyAfter')) socket.end()
  if (!isKind(fault, 'stallReplyAfter')) reply.destroy()
  return status
}

function send({ target, agent, message }: Exchange): ClientRequest {
  const { hostname, port } = target
  // Host and all signed headers go on as they came; node has answered "Expect: 100-continue" already.
  const headers = without(message.rawHeaders, 'expect')
  const upstream = request({ hostname, port, agent, method: message.method, path: message.url, headers })
  upstream.on('error', () => undefined) // `once(upstream, 'response')` reports it
  return upstream
}

type Refusal = Extract<WireFaultKind, { status: number }>

function refusalOf(fault: WireFaultKind | null): Refusal | null {
  if (fault === 'expired') return { status: 403, code: 'AccessDenied', message: 'Request has expired' }
  if (fault === 'refused-in-200') return { status: 200, code: 'InternalError' }
  if (isKind(fault, 'status')) return fault
  return isKind(fault, 'requestsPerSecond') ? { status: 503, code: 'SlowDown' } : null
}

async function refuse(refusal: Refusal, message: IncomingMessage, response: ServerResponse): Promise<number> {
  const { status, code = status === 503 ? 'SlowDown' : 'InternalError', retryAfterSeconds, early } = refusal
  if (early === true) response.shouldKeepAlive = false
  else if (!message.complete) await drain(message)
  response.statusCode = status
  response.setHeader('content-type', 'application/xml')
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds)
  const body = errorXml(code, refusal.message ?? injected)
  response.setHeader('content-length', Buffer.byteLength(body))
  response.end(message.method === 'HEAD' ? '' : body)
  return status
}

/** The `<Error>` document of the S3 REST protocol; both texts are those of a test. */
function errorXml(code: string, message: string): string {
  const parts = `<Code>${code}</Code><Message>${message}</Message><RequestId>wire</RequestId><HostId>devnet</HostId>`
  return `<?xml version="1.0" encoding="UTF-8"?><Error>${parts}</Error>`
}

function cut(message: IncomingMessage): null {
  message.socket.resetAndDestroy()
  return null
}

async function drain(body: IncomingMessage): Promise<void> {
  for await (const chunk of body) void chunk
}

function isKind<Name extends string>(
  fault: WireFaultKind | null,
  name: Name,
): fault is Extract<WireFaultKind, Readonly<Record<Name, unknown>>> {
  return typeof fault === 'object' && fault !== null && name in fault
}

/** Raw headers are names and values in turn. */
function without(raw: readonly string[], name: string): string[] {
  return raw.filter((_, index) => raw[index - (index % 2)]?.toLowerCase() !== name)
}

function replaced(raw: readonly string[], name: string, value: string): string[] {
  return raw.map((text, index) => (index % 2 === 1 && raw[index - 1]?.toLowerCase() === name ? value : text))
}

function rawReply(reply: IncomingMessage, body: Buffer): Buffer {
  const { rawHeaders } = reply
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []))
  const head = [`HTTP/1.1 ${reply.statusCode} ${reply.statusMessage}`, ...lines, '', ''].join('\r\n')
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}
