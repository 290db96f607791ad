import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Readable, Transform } from 'node:stream'
import type { ZodType } from 'zod'

import type { HubUser } from './accounts.ts'
import { HubRefusal } from './refusal.ts'

/** One request on its way through the hub. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly requestId: string
  readonly user: HubUser | null
  /** Set by the fault `lost-reply`: the work is done, the answer is not sent. */
  readonly loseReply: boolean
  /** Set by the fault `slowMs`. */
  readonly chunkDelayMs: number
}

/** Sends a reply, unless a fault says that it gets lost. */
export function send(exchange: Exchange, status: number, headers: Record<string, string>, body?: string): void {
  if (!startReply(exchange, status, { ...headers, 'Content-Length': String(Buffer.byteLength(body ?? '')) })) return
  exchange.response.end(exchange.request.method === 'HEAD' ? undefined : body)
}

/** Sends the status line and headers; false when a fault swallowed the reply. */
export function startReply(exchange: Exchange, status: number, headers: Record<string, string>): boolean {
  if (exchange.loseReply) {
    exchange.request.socket.resetAndDestroy()
    return false
  }
  exchange.response.writeHead(status, { ...headers, 'X-Request-Id': exchange.requestId })
  return true
}

export function sendJson(exchange: Exchange, value: unknown, status = 200, headers: Record<string, string> = {}): void {
  send(exchange, status, { 'Content-Type': 'application/json; charset=utf-8', ...headers }, JSON.stringify(value))
}

export function sendRefusal(exchange: Exchange, refusal: HubRefusal): void {
  const headers: Record<string, string> = { ...refusal.headers, 'X-Error-Message': headerText(refusal.message) }
  if (refusal.code !== undefined) headers['X-Error-Code'] = refusal.code
  // What is left of a refused upload must be read, or the client never sees the answer.
  exchange.request.resume()
  sendJson(exchange, { error: refusal.message, ...refusal.extra }, refusal.status, headers)
}

function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}

/** The request body, slowed down when a fault says so. */
export function bodyOf(exchange: Exchange): Readable {
  return exchange.chunkDelayMs > 0 ? exchange.request.pipe(pace(exchange.chunkDelayMs)) : exchange.request
}

/** Passes chunks on with a delay before each. */
export function pace(delayMs: number): Transform {
  return new Transform({
    transform(chunk, _encoding, callback) {
      setTimeout(() => callback(null, chunk), delayMs)
    },
  })
}

/** Reads a small body whole; 413 above `limit` bytes. */
export async function readText(exchange: Exchange, limit: number = 8 << 20): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of bodyOf(exchange)) {
    bytes += (chunk as Buffer).length
    if (bytes > limit) throw new HubRefusal(413, `the body is larger than ${limit} bytes`)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Reads a JSON body and checks its shape; 400 when it does not fit. */
export async function readJson<T>(exchange: Exchange, shape: ZodType<T>): Promise<T> {
  return parseJson(await readText(exchange), shape)
}

export function parseJson<T>(text: string, shape: ZodType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new HubRefusal(400, 'the body is not JSON')
  }
  const parsed = shape.safeParse(value)
  if (!parsed.success) throw new HubRefusal(400, `invalid body: ${parsed.error.issues[0]?.message ?? 'unknown'}`)
  return parsed.data
}
