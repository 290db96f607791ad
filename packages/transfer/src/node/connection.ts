import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { abortedError } from '../errors.ts'
import type { Body, SendOptions, WireReply } from '../sessions/send.ts'
import { firstPace, isShort, writeBody } from './body-writer.ts'
import type { HttpAddress } from './http-address.ts'
import { networkError, stalled } from './http-failures.ts'
import { createReplyReader, type WholeReply } from './reply-reader.ts'

/** As Node's agents have it: routers forget a connection on which nothing moves while the store thinks. */
const PROBE_MS = 1000

export interface ConnectionOptions {
  /** Certificates to trust, instead of the system's. */
  readonly ca?: string | Buffer | undefined
  /** Resolves names in place of the system's resolver; an error refuses the connection. */
  readonly lookup?: LookupFunction | undefined
  /** It can carry the next request. */
  readonly onIdle: () => void
  readonly onClosed: () => void
}

/** A request, and who waits for its reply. */
interface Turn extends Pick<SendOptions, 'signal' | 'stallMs' | 'allow' | 'onSent'> {
  /** Request line and headers, as they go out. */
  readonly head: string
  readonly body: Body
  readonly resolve: (reply: WireReply) => void
  /** Given a TransferError. */
  readonly reject: (error: unknown) => void
}

/** One HTTP/1.1 connection, over TCP or TLS, for one request at a time. */
export interface Connection {
  /** Whether it is there for another request, as far as is known. */
  isOpen(): boolean
  /** Sends the request; only while it is idle. */
  run(turn: Turn): void
  close(): void
}

/**
 * While it is idle it neither keeps the process alive nor outlives the stall time of its last request, or what the other side says.
 * @throws TypeError for a protocol that is neither http nor https
 */
export function openConnection(address: HttpAddress, options: ConnectionOptions): Connection {
  const socket = connect(address, options)
  const reader = createReplyReader()
  const pace = firstPace()
  let turn: Turn | null = null
  let isHolding = false
  /** Until the last byte of the body was handed over. */
  let isSending = false

  /** Whose turn it was; nobody's any more. */
  const over = (): Turn | null => {
    const last = turn
    turn = null
    last?.signal?.removeEventListener('abort', stop)
    return last
  }
  const fail = (error: unknown): void => {
    socket.destroy()
    over()?.reject(networkError(error))
  }
  const stop = (): void => fail(abortedError(turn?.signal?.reason))
  const answered = ({ openMs, ...reply }: WholeReply): void => {
    const isUnsent = isSending || socket.writableLength > 0
    if (isUnsent && reply.status < 300) throw new Error('a success before all of the body was sent')
    const last = over()
    // An early answer: the rest of the body is not wanted, and the connection cannot be used again.
    if (openMs === 0 || isUnsent) socket.destroy()
    else {
      socket.unref()
      if (openMs < (socket.timeout ?? 0)) socket.setTimeout(openMs)
      options.onIdle()
    }
    last?.resolve(reply)
  }
  const read = (step: () => WholeReply | null): void => {
    try {
      // What comes without being asked for would be taken for the next reply.
      if (turn === null) return void socket.destroy()
      const reply = step()
      if (reply !== null) answered(reply)
    } catch (error) {
      fail(error)
    }
  }
  socket.on('data', (chunk: Buffer) => read(() => reader.push(chunk)))
  socket.on('end', () =>
    read(() => {
      const reply = reader.end()
      if (reply === null) throw hungUp()
      return reply
    }),
  )
  socket.on('timeout', () => {
    const stallMs = socket.timeout ?? 0
    if (isHolding && turn !== null) socket.setTimeout(stallMs)
    else fail(stalled(stallMs))
  })
  socket.on('error', fail)
  socket.on('close', () => {
    options.onClosed()
    fail(hungUp())
  })

  const send = ({ head, body, signal, allow, onSent }: Turn): void => {
    if (isShort({ body, allow })) {
      socket.cork()
      socket.write(head, 'latin1')
      if (body instanceof Uint8Array && body.length > 0) socket.write(body)
      socket.uncork()
      return
    }
    const mine = turn
    const isOver = (): boolean => turn !== mine
    isSending = true
    socket.write(head, 'latin1')
    const hold = (held: boolean): void => void (isHolding = held)
    const written = writeBody(socket, { body, pace, signal, allow, onSent, isOver, hold })
    written.then(() => (isSending = false), fail)
  }
  return {
    isOpen: () => !socket.destroyed,
    run: (next) => {
      if (socket.timeout !== next.stallMs) socket.setTimeout(next.stallMs) // bytes taken or sent wind it up again
      turn = next
      isHolding = false
      reader.begin()
      socket.ref()
      next.signal?.addEventListener('abort', stop, { once: true })
      send(next)
    },
    close: () => void socket.destroy(),
  }
}

const hungUp = (): Error => Object.assign(new Error('the other side hung up'), { code: 'ECONNRESET' })

function connect({ protocol, hostname, port }: HttpAddress, { ca, lookup }: ConnectionOptions): Socket {
  const isSecure = protocol === 'https:'
  const place = {
    host: hostname,
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    ...(lookup === undefined ? {} : { lookup }),
  }
  if (protocol === 'http:') return connectTcp(place).setNoDelay(true).setKeepAlive(true, PROBE_MS)
  if (!isSecure) throw Object.assign(new TypeError('neither http nor https'), { code: 'ERR_INVALID_PROTOCOL' })
  const servername = isIP(hostname) === 0 ? hostname : ''
  const socket = connectTls({ ...place, servername, ALPNProtocols: ['http/1.1'], ...(ca === undefined ? {} : { ca }) })
  return socket.setNoDelay(true).setKeepAlive(true, PROBE_MS)
}
