import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { abortedError } from '../errors.ts'
import { ownHeaders, type Send, type SendOptions, type WireReply, type WireRequest } from '../sessions/send.ts'
import type { ConnectionOptions } from './connection.ts'
import { createAddressReader } from './http-address.ts'
import { networkError, stalled, unsendable } from './http-failures.ts'
import { createPutSender } from './put-send.ts'

const MOST_TEXT = 64 * 1024

export interface HttpSender {
  readonly send: Send
  /** Ends idle connections. */
  close(): void
}

export type HttpSenderOptions = Pick<ConnectionOptions, 'ca' | 'lookup'>

/** Sends signed requests over kept connections: GETs with `node:http`, PUTs without it; bodies go out without a copy. */
export function createHttpSender({ ca, lookup }: HttpSenderOptions = {}): HttpSender {
  const resolving = lookup === undefined ? {} : { lookup }
  const kept = { keepAlive: true, scheduling: 'lifo' as const, maxFreeSockets: 64, ...resolving }
  const http = new HttpAgent(kept)
  const https = new HttpsAgent(ca === undefined ? kept : { ...kept, ca })
  const addressOf = createAddressReader()
  const puts = createPutSender({ ca, lookup }, addressOf)
  const send: Send = (request, sendOptions) => {
    if (request.method === 'PUT') return puts.send(request, sendOptions)
    return new Promise((resolve, reject) => {
      if (sendOptions.signal?.aborted === true) return reject(abortedError(sendOptions.signal.reason))
      exchange(start(request, sendOptions.stallMs), sendOptions, resolve, reject)
    })
  }
  const start = (request: WireRequest, timeout: number): ClientRequest => {
    try {
      const { protocol, host, hostname, port, path } = addressOf(request.url)
      const secure = protocol === 'https:'
      return (secure ? httpsRequest : httpRequest)({
        protocol,
        hostname,
        port,
        path,
        headers: { ...Object.fromEntries(ownHeaders(request)), host },
        agent: secure ? https : http,
        timeout, // counts from the connection attempt; bytes that come wind it up again
      })
    } catch (error) {
      throw unsendable(error)
    }
  }
  const close = (): void => {
    puts.close()
    http.destroy()
    https.destroy()
  }
  return { send: Object.assign(send, { takesSlices: true }), close }
}

function exchange(
  outgoing: ClientRequest,
  { signal, stallMs, onHead, onData }: SendOptions,
  resolve: (reply: WireReply) => void,
  reject: (error: unknown) => void,
): void {
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
    if (holding) outgoing.socket?.setTimeout(stallMs)
    else fail(stalled(stallMs))
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
  outgoing.end()
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
