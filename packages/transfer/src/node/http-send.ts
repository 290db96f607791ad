import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { abortedError, TransferError } from '../errors.ts'
import { type Body, ownHeaders, type Send, type SendOptions, type WireReply, type WireRequest } from '../send.ts'
import { createAddressReader } from './http-address.ts'

/** Small enough for smooth progress on a slow line; on a fast one it doubles, so that system calls do not count. */
const SLICE = 256 * 1024
const LARGEST_SLICE = 8 * 1024 * 1024
/** Of a body that is read while it goes: it stays in the processor's cache from the file to the socket. */
const LARGEST_READ = 1024 * 1024
/** A slice that was taken this fast was too small. */
const FAST_MS = 50
/** With a bandwidth limit: the wait for a slice must not look like a stall to the other side. */
const LIMITED_SLICE = 32 * 1024
const MOST_TEXT = 64 * 1024

export interface HttpSender {
  readonly send: Send
  /** Ends idle connections. */
  close(): void
}

export interface HttpSenderOptions {
  /** Certificates to trust, instead of the system's. */
  readonly ca?: string | Buffer
  /** Resolves names in place of the system's resolver; an error refuses the connection. */
  readonly lookup?: LookupFunction
}

/** Sends signed requests with `node:http` over kept connections; bodies go out without a copy. */
export function createHttpSender({ ca, lookup }: HttpSenderOptions = {}): HttpSender {
  const resolving = lookup === undefined ? {} : { lookup }
  const kept = { keepAlive: true, scheduling: 'lifo' as const, maxFreeSockets: 64, ...resolving }
  const http = new HttpAgent(kept)
  const https = new HttpsAgent(ca === undefined ? kept : { ...kept, ca })
  const addressOf = createAddressReader()
  const send: Send = (request, sendOptions) =>
    new Promise((resolve, reject) => {
      if (sendOptions.signal?.aborted === true) return reject(abortedError(sendOptions.signal.reason))
      exchange(start(request, sendOptions.stallMs), request.body, sendOptions, resolve, reject)
    })
  const start = (request: WireRequest, timeout: number): ClientRequest => {
    try {
      const { protocol, host, hostname, port, path } = addressOf(request.url)
      const secure = protocol === 'https:'
      return (secure ? httpsRequest : httpRequest)({
        protocol,
        hostname,
        port,
        path,
        method: request.method,
        headers: headerLines(request, host),
        agent: secure ? https : http,
        timeout, // counts from the connection attempt; bytes taken or sent wind it up again
      })
    } catch (error) {
      throw unsendable(error)
    }
  }
  const close = (): void => {
    http.destroy()
    https.destroy()
  }
  return { send: Object.assign(send, { takesSlices: true }), close }
}

/** Names and values in turn: less work for Node than an object. */
function headerLines(request: WireRequest, host: string): string[] {
  const length = request.method === 'GET' ? [] : ['content-length', String(request.body?.length ?? 0)]
  return ['host', host, ...ownHeaders(request).flat(), ...length]
}

function exchange(
  outgoing: ClientRequest,
  body: Body | undefined,
  options: SendOptions,
  resolve: (reply: WireReply) => void,
  reject: (error: unknown) => void,
): void {
  const { signal, stallMs, allow, onHead, onData } = options
  /** True while it is us who keep the other side waiting. */
  let holding = false
  const hold = async (work: void | Promise<void>): Promise<void> => {
    if (work === undefined) return
    holding = true
    await work
    holding = false
  }
  const fail = (error: unknown): void => {
    signal?.removeEventListener('abort', stop)
    reject(networkError(error))
    outgoing.destroy()
  }
  const stop = (): void => fail(abortedError(signal?.reason))
  signal?.addEventListener('abort', stop, { once: true })
  outgoing.on('timeout', () => {
    if (holding) {
      outgoing.socket?.setTimeout(stallMs)
      return
    }
    const text = `Nothing moved for ${stallMs / 1000} s; the connection was cut. Check the network.`
    fail(new TransferError('TOO_SLOW', text, { retryable: true }))
  })
  outgoing.on('error', fail)
  // Without this listener Node drops the socket and tells nobody.
  outgoing.on('upgrade', (_, socket) => {
    socket.destroy()
    fail(new Error('the other side switched to another protocol'))
  })
  outgoing.on('response', (reply) => {
    const status = reply.statusCode ?? 0
    const headers = headersOf(reply)
    const answered = (text: string): void => {
      // An early answer: the rest of the body is not wanted, and the connection cannot be used again.
      if (!outgoing.writableFinished) outgoing.destroy()
      signal?.removeEventListener('abort', stop)
      resolve({ status, headers, text })
    }
    try {
      onHead?.({ status, headers })
    } catch (error) {
      return fail(error)
    }
    if (onData === undefined || (status !== 200 && status !== 206)) readText(reply, answered, fail)
    else handOver(reply, onData, hold).then(() => answered(''), fail)
  })
  if (body === undefined || body.length === 0) outgoing.end()
  // Gone in one write: the reply tells as much.
  else if (allow === undefined && body instanceof Uint8Array && body.length <= SLICE) outgoing.end(body)
  else writeSlices(outgoing, body, options, hold).catch(fail)
}

async function writeSlices(
  outgoing: ClientRequest,
  body: Body,
  { allow, onSent, signal }: SendOptions,
  hold: (work: void | Promise<void>) => Promise<void>,
): Promise<void> {
  const sliceOf = createSlicer(body, hold, signal)
  let size = allow === undefined ? SLICE : LIMITED_SLICE
  for (let at = 0; at < body.length;) {
    const slice = await sliceOf(at, size)
    if (outgoing.destroyed) return
    at += slice.length
    if (allow !== undefined) await hold(allow(slice.length, signal))
    const started = performance.now()
    if (at === body.length) outgoing.end(slice, () => onSent?.(slice.length))
    else if (!(await written(outgoing, slice))) return
    else onSent?.(slice.length)
    if (allow === undefined && performance.now() - started < FAST_MS) size = Math.min(LARGEST_SLICE, size * 2)
  }
}

/** The next slice, of at most so many bytes. A body that is read while it goes is read when what was read before has gone. */
function createSlicer(
  body: Body,
  hold: (work: Promise<void>) => Promise<void>,
  signal: AbortSignal | undefined,
): (at: number, most: number) => Uint8Array | Promise<Uint8Array> {
  if (body instanceof Uint8Array) return (at, most) => body.subarray(at, at + most)
  const buffer = Buffer.allocUnsafeSlow(Math.min(LARGEST_READ, body.length))
  let start = 0
  let end = 0
  return async (at, most) => {
    if (at === end) {
      start = end
      end = Math.min(start + buffer.length, body.length)
      await hold(body.read(start, buffer.subarray(0, end - start), signal))
    }
    return buffer.subarray(at - start, Math.min(at - start + most, end - start))
  }
}

/** False when the connection ended first; the error is reported elsewhere. */
function written(outgoing: ClientRequest, slice: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    const closed = (): void => resolve(false)
    outgoing.once('close', closed)
    outgoing.write(slice, (error) => {
      outgoing.off('close', closed)
      resolve(error == null)
    })
  })
}

/** Node joins headers of one name itself, but for this one. */
function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const cookies = headers['set-cookie']
  return { ...(headers as Record<string, string>), ...(cookies && { 'set-cookie': cookies.join(', ') }) }
}

async function handOver(
  reply: IncomingMessage,
  onData: NonNullable<SendOptions['onData']>,
  hold: (work: void | Promise<void>) => Promise<void>,
): Promise<void> {
  for await (const chunk of reply as AsyncIterable<Buffer>) await hold(onData(chunk))
}

/** The beginning of a reply's text. */
function readText(reply: IncomingMessage, done: (text: string) => void, fail: (error: unknown) => void): void {
  const pieces: Buffer[] = []
  let kept = 0
  reply.on('data', (chunk: Buffer) => {
    if (kept < MOST_TEXT) pieces.push(chunk)
    kept += chunk.length
  })
  reply.on('end', () => done(kept === 0 ? '' : Buffer.concat(pieces).toString('utf8', 0, MOST_TEXT)))
  reply.on('error', fail) // also when it ends early
}

/** Node names the URL, which holds a signature, in the causes of some of these. */
function unsendable(error: unknown): TransferError {
  const { code } = error as { readonly code?: unknown }
  const text = `The signed request cannot be sent as it is (${String(code)}). Check the service that signed it.`
  return new TransferError('PROTOCOL', text, { retryable: false })
}

function networkError(error: unknown): TransferError {
  if (TransferError.is(error)) return error
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
  const label = [code, name].find((text): text is string => typeof text === 'string' && /^\w{3,60}$/.test(text))
  const text = `The connection failed (${label ?? 'no reason given'}). Check the network and the endpoint.`
  return new TransferError('UNAVAILABLE', text, { retryable: true, cause: error })
}
