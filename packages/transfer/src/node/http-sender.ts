import { type ClientRequest, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type Agents, createAgents, type WayOutOptions } from '@sluice/http'
import { throwIfAborted } from '../errors.ts'
import { ownHeaders, type Send, type WireRequest } from '../sessions/send.ts'
import { exchange, sameHostRedirect } from './exchange.ts'
import { unsendable } from './http-failures.ts'
import { firstPace } from './write-body.ts'

export interface HttpSender {
  readonly send: Send
  /** Ends idle connections. */
  close(): void
}

export type HttpSenderOptions = WayOutOptions

const MOST_REDIRECTS = 3

/**
 * Sends signed requests with `node:http` over kept connections; bodies go out without a copy. What fails on a kept connection
 * that the other side had closed is sent again at once, on a new one; 307 and 308 are followed on the same host.
 */
export function createHttpSender(options: HttpSenderOptions = {}): HttpSender {
  const agents = createAgents(options)
  const pace = firstPace()
  const send: Send = async (request, sendOptions) => {
    let { url } = request
    let wasStale = false
    for (let redirects = 0; ;) {
      throwIfAborted(sendOptions.signal)
      const { outgoing, dropIdle } = start(agents, { ...request, url }, sendOptions.stallMs)
      const outcome = await exchange(outgoing, request.body, { ...sendOptions, pace, url, mayBeStale: !wasStale })
      if (outcome === 'stale') {
        wasStale = true
        dropIdle() // those beside it are most likely gone as well
        continue
      }
      const next = redirects < MOST_REDIRECTS ? sameHostRedirect(url, outcome) : null
      if (next === null) return outcome
      url = next
      redirects++
    }
  }
  return { send: Object.assign(send, { takesSlices: true }), close: () => agents.close() }
}

/** @throws TransferError `PROTOCOL` for what cannot be sent */
function start(
  agents: Agents,
  request: WireRequest,
  timeout: number,
): { readonly outgoing: ClientRequest; readonly dropIdle: () => void } {
  try {
    const url = new URL(request.url)
    const isSecure = url.protocol === 'https:'
    const agent = isSecure ? agents.https : agents.http
    const length = request.method === 'GET' ? [] : ['content-length', String(request.body?.length ?? 0)]
    const outgoing = (isSecure ? httpsRequest : httpRequest)(url, {
      method: request.method,
      // Names and values in turn: less work for Node than an object.
      headers: ['host', url.host, ...ownHeaders(request).flat(), ...length],
      agent,
      timeout, // counts from the connection attempt; bytes taken or sent wind it up again
    })
    const dropIdle = (): void => {
      for (const idle of Object.values(agent.freeSockets)) for (const socket of idle ?? []) socket.destroy()
    }
    return { outgoing, dropIdle }
  } catch (error) {
    throw unsendable(error)
  }
}
