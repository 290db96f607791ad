import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { abortedError, TransferError } from '../errors.ts'
import type { Send, SendOptions, WireReply, WireRequest } from '../send.ts'

/** Small enough for smooth progress on a slow line; on a fast one it doubles, so that system calls do not count. */
const SLICE = 256 * 1024
const LARGEST_SLICE = 8 * 1024 * 1024
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
  const send: Send = (request, sendOptions) =>
    new Promise((resolve, reject) => {
      if (sendOptions.signal?.aborted === true) return reject(abortedError(sendOptions.signal.reason))
      exchange(start(request, sendOptions.stallMs), request, sendOptions).then(resolve, reject)
    })
  const start = (request: WireRequest, timeout: number): ClientRequest => {
    try {
      const { protocol, hostname, port, pathname, search } = new URL(request.url)
      const length = String(request.body?.length ?? 0)
      const secure = protocol === 'https:'
      return (secure ? httpsRequest : httpRequest)({
        protocol,
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port,
        path: pathname + search,
        method: request.method,
        headers: request.method === 'GET' ? request.headers : { ...request.headers, 'content-length': length },
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
  return { send, close }
}

function exchange(outgoing: ClientRequest, request: WireRequest, options: SendOptions): Promise<WireReply> {
  return new Promise((resolve, reject) => {
    const { signal, stallMs } = options
    /** True while it is us who keep the other side waiting. */
    let holding = false
    const hold = async (work: void | Promise<void>): Promise<void> => {
      if (work === undefined) return
      holding = true
      await work
      holding = false
    }
    const finish = (act: () => void): void => {
      signal?.removeEventListener('abort', stop)
      act()
    }
    const fail = (error: unknown): void => {
      finish(() => reject(networkError(error)))
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
    outgoing.on('response', (reply) => {
      const answered = (result: WireReply): void => {
        // An early answer: the rest of the body is not wanted, and the connection cannot be used again.
        if (!outgoing.writableFinished) outgoing.destroy()
        finish(() => resolve(result))
      }
      readReply(reply, options, hold).then(answered, fail)
    })
    writeBody(outgoing, request.body, options, hold).catch(fail)
  })
}

async function writeBody(
  outgoing: ClientRequest,
  body: Uint8Array | undefined,
  { allow, onSent, signal }: SendOptions,
  hold: (work: void | Promise<void>) => Promise<void>,
): Promise<void> {
  if (body === undefined || body.length === 0) return void outgoing.end()
  let size = allow === undefined ? SLICE : LIMITED_SLICE
  for (let at = 0; at < body.length && !outgoing.destroyed;) {
    const slice = body.subarray(at, at + size)
    at += slice.length
    if (allow !== undefined) await hold(allow(slice.length, signal))
    const started = performance.now()
    if (at === body.length) outgoing.end(slice, () => onSent?.(slice.length))
    else if (!(await written(outgoing, slice))) return
    else onSent?.(slice.length)
    if (allow === undefined && performance.now() - started < FAST_MS) size = Math.min(LARGEST_SLICE, size * 2)
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

async function readReply(
  reply: IncomingMessage,
  { onHead, onData }: SendOptions,
  hold: (work: void | Promise<void>) => Promise<void>,
): Promise<WireReply> {
  const status = reply.statusCode ?? 0
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(reply.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  onHead?.({ status, headers })
  if (onData === undefined || (status !== 200 && status !== 206)) return { status, headers, text: await textOf(reply) }
  for await (const chunk of reply as AsyncIterable<Buffer>) await hold(onData(chunk))
  return { status, headers, text: '' }
}

/** The beginning of a reply's text. */
function textOf(reply: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let kept = 0
    reply.on('data', (chunk: Buffer) => {
      if (kept < MOST_TEXT) pieces.push(chunk)
      kept += chunk.length
    })
    reply.on('end', () => resolve(Buffer.concat(pieces).toString('utf8', 0, MOST_TEXT)))
    reply.on('error', reject)
    reply.on('close', () => reject(new Error('the reply ended early')))
  })
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
