import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { authorize, type Credentials } from '../sign/authorize.ts'
import { corsHeaders, preflight } from './cors.ts'
import { S3Error } from './error.ts'
import { type FaultPicker, type S3FaultKind } from '../faults.ts'
import { freely, type Pace, sabotage } from './sabotage.ts'
import { errorXml, type FileSlice, readSlices, type Reply } from './reply.ts'
import { postObject } from '../upload/post-object.ts'
import { readRequest, type S3Request } from './request.ts'
import { route } from './router.ts'
import type { Store } from '../store/store.ts'

export interface Answerer {
  readonly store: Store
  readonly credentials: Credentials
  readonly region: string
  readonly now: () => number
  readonly pick: FaultPicker
}

/** Answers one request; never throws, since there is nobody above to catch it. */
export async function answer(answerer: Answerer, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const requestId = randomUUID()
  let bucket: string | null = null
  const fault = answerer.pick(message.method ?? 'GET', message.url ?? '/')
  try {
    const pace = fault === null ? freely : sabotage(fault, message, response)
    if (pace === 'taken') return
    const request = readRequest(message, pace)
    bucket = request.bucket
    allowOrigin(answerer.store, request, response)
    if (fault === 'refused-in-200')
      throw new S3Error('InternalError', 'We encountered an internal error. Please try again.')
    const reply = await perform(answerer, request)
    if (fault === 'lost-reply') return void message.socket.resetAndDestroy()
    if (fault === 'error-in-200')
      throw new S3Error('InternalError', 'We encountered an internal error. Please try again.')
    await send(response, reply, requestId, pace)
  } catch (cause) {
    await sendError(response, message, cause, { bucket, requestId, fault }).catch(() => message.destroy())
  } finally {
    // What is left of a refused body must be read, or the client sees a reset instead of the reply.
    message.resume()
  }
}

/** Also before an error, or the page in the browser could not read it. */
function allowOrigin(store: Store, request: S3Request, response: ServerResponse): void {
  const bucket = store.buckets().find(({ name }) => name === request.bucket)
  if (bucket === undefined || request.method === 'OPTIONS') return
  for (const [name, value] of Object.entries(corsHeaders(bucket, request.method, request.headers))) {
    response.setHeader(name, value)
  }
}

async function perform(answerer: Answerer, request: S3Request): Promise<Reply> {
  const { store, credentials, region, now } = answerer
  const { method, bucket, headers } = request
  if (method === 'OPTIONS') return preflight(store.bucket(bucket ?? ''), headers)
  if (method === 'POST' && /^multipart\/form-data/i.test(headers['content-type'] ?? '')) {
    return postObject(request, store, credentials, now)
  }
  const binding = authorize(request, credentials, now())
  return route({ request, binding, store, region, now })
}

async function send(response: ServerResponse, reply: Reply, requestId: string, pace: Pace): Promise<void> {
  response.statusCode = reply.status
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, headerBytes(value))
  response.setHeader('x-amz-request-id', requestId)
  if (reply.slices !== undefined) return pipeline(pacedSlices(reply.slices, pace), response)
  const body = response.req.method === 'HEAD' ? '' : (reply.body ?? '')
  const isBodiless = reply.status === 204 || reply.status === 304 || response.req.method === 'HEAD'
  if (!isBodiless) response.setHeader('content-length', Buffer.byteLength(body))
  response.end(body)
}

async function* pacedSlices(slices: readonly FileSlice[], pace: Pace): AsyncGenerator<Buffer> {
  for await (const piece of readSlices(slices)) {
    await pace(piece.length)
    yield piece
  }
}

/** Header values are UTF-8 bytes on the wire; Node writes latin1. */
function headerBytes(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1')
}

async function sendError(
  response: ServerResponse,
  message: IncomingMessage,
  cause: unknown,
  context: { bucket: string | null; requestId: string; fault: S3FaultKind | null },
): Promise<void> {
  if (response.headersSent || message.socket.destroyed) return void message.destroy()
  const error = S3Error.is(cause) ? cause : new S3Error('InternalError', 'The server failed; see its log.')
  if (!S3Error.is(cause)) process.emitWarning(cause instanceof Error ? cause : String(cause))
  const in200 = context.fault === 'error-in-200' || context.fault === 'refused-in-200'
  const { bucket, requestId } = context
  const hasBody = error.status !== 304 && message.method !== 'HEAD'
  const reply: Reply = {
    status: in200 ? 200 : error.status,
    headers: { ...(hasBody ? { 'content-type': 'application/xml' } : {}), ...error.headers },
    ...(hasBody ? { body: errorXml(error.code, error.message, bucket, requestId) } : {}),
  }
  await send(response, reply, requestId, freely)
}
