import type { ClientRequest, IncomingMessage } from 'node:http'
import { connectionFault } from '@sluice/http'
import { abortedError } from '../errors.ts'
import type { Body, SendOptions, WireReply } from '../sessions/send.ts'
import { misspoken, networkError, stalled } from './http-failures.ts'
import { type Pace, writeBody } from './write-body.ts'

const MOST_TEXT = 64 * 1024
/** Of a reply that is read as text: S3 sends some hundred bytes. */
const MOST_BYTES = 1024 * 1024
const NOTHING = new Uint8Array(0)

export interface ExchangeOptions extends SendOptions {
  readonly url: string
  readonly pace: Pace
  /** Whether a kept connection that was gone ends in `stale`, and not in an error. */
  readonly mayBeStale: boolean
}

/**
 * One request and its reply. `stale`: the connection was a kept one and ended before a byte of an answer; what `onSent` was
 * told is taken back.
 * @throws TransferError
 */
export async function exchange(
  outgoing: ClientRequest,
  body: Body = NOTHING,
  options: ExchangeOptions,
): Promise<WireReply | 'stale'> {
  const { signal, stallMs, allow, onSent, onHead, onData, url, pace, mayBeStale } = options
  return await new Promise((resolve, reject) => {
    /** True while it is us who keep the other side waiting. */
    let isHolding = false
    let isOver = false
    let sent = 0
    /** Bytes that came over this connection before. */
    let earlier: number | null = null

    const end = (): boolean => {
      if (isOver) return false
      isOver = true
      signal?.removeEventListener('abort', stop)
      return true
    }
    const fail = (error: unknown): void => {
      if (!end()) return
      outgoing.destroy()
      const isSilent = outgoing.reusedSocket && outgoing.socket?.bytesRead === earlier
      if (!mayBeStale || !isSilent || connectionFault(error).kind !== 'closed') return reject(networkError(error))
      if (sent > 0) onSent?.(-sent)
      resolve('stale')
    }
    const stop = (): void => fail(abortedError(signal?.reason))
    signal?.addEventListener('abort', stop, { once: true })
    outgoing.on('socket', (socket) => (earlier = socket.bytesRead))
    outgoing.on('timeout', () => {
      if (isHolding) outgoing.socket?.setTimeout(stallMs)
      else fail(stalled(stallMs))
    })
    outgoing.on('error', fail)
    // Without this listener Node drops the socket and tells nobody.
    outgoing.on('upgrade', (_, socket) => {
      socket.destroy()
      fail(misspoken('the other side switched to another protocol'))
    })
    outgoing.on('response', (reply) => {
      const status = reply.statusCode ?? 0
      if (status < 200) return fail(misspoken(`HTTP ${status} is no answer`))
      const headers = headersOf(reply)
      const answered = (text: string): void => {
        const isUnsent = !outgoing.writableFinished
        if (isUnsent && status < 300) {
          // A near server's answer is read in the turn in which the last bytes leave, before Node says that they left.
          if (outgoing.writableEnded) return void outgoing.once('finish', () => answered(text))
          return fail(misspoken('a success came before all of the body was sent'))
        }
        if (!end()) return
        // An early answer: the rest of the body is not wanted, and the connection cannot be used again.
        if (isUnsent) outgoing.destroy()
        resolve({ status, headers, text })
      }
      try {
        if (sameHostRedirect(url, { status, headers }) === null) onHead?.({ status, headers })
      } catch (error) {
        return fail(error)
      }
      if (onData === undefined || (status !== 200 && status !== 206)) return readText(reply, answered, fail)
      const hold = (held: boolean): void => void (isHolding = held)
      handOver(reply, onData, hold).then(() => answered(''), fail)
    })
    const told = (bytes: number): void => {
      if (isOver) return
      sent += bytes
      onSent?.(bytes)
    }
    const hold = (held: boolean): void => void (isHolding = held)
    writeBody(outgoing, { body, pace, signal, allow, onSent: told, hold }).catch(fail)
  })
}

/** Where 307 and 308 lead, when that is the same scheme, host and port; else null. Only there a signature is still good. */
export function sameHostRedirect(
  url: string,
  { status, headers }: Pick<WireReply, 'status' | 'headers'>,
): string | null {
  const location = headers['location']
  if ((status !== 307 && status !== 308) || location === undefined || !URL.canParse(location, url)) return null
  const next = new URL(location, url)
  return next.origin === new URL(url).origin && next.username === '' ? next.href : null
}

/** Node joins headers of one name itself, but for this one. */
function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const cookies = headers['set-cookie']
  return { ...(headers as Record<string, string>), ...(cookies && { 'set-cookie': cookies.join(', ') }) }
}

async function handOver(
  reply: IncomingMessage,
  onData: NonNullable<SendOptions['onData']>,
  hold: (isHolding: boolean) => void,
): Promise<void> {
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    const taken = onData(chunk)
    if (taken === undefined) continue
    hold(true)
    await taken
    hold(false)
  }
}

/** The beginning of a reply's text. */
function readText(reply: IncomingMessage, done: (text: string) => void, fail: (error: unknown) => void): void {
  const pieces: Buffer[] = []
  let bytes = 0
  reply.on('data', (chunk: Buffer) => {
    if (bytes < MOST_TEXT) pieces.push(chunk)
    bytes += chunk.length
    if (bytes > MOST_BYTES) fail(misspoken('the reply is too long'))
  })
  reply.on('end', () => done(bytes === 0 ? '' : Buffer.concat(pieces).toString('utf8', 0, MOST_TEXT)))
  reply.on('error', fail) // also when it ends early
}
