import { EventEmitter } from 'node:events'
import type { ApiOptions } from '@polkadot/api/types'
import type { Agents } from '@sluice/http'
import { type RawData, WebSocket } from 'ws'

type Provider = NonNullable<ApiOptions['provider']>
type Callback = (error: Error | null, result: unknown) => void

/** A provider of `@polkadot/api` for one connection, which is never made again. */
export interface SocketProvider extends Provider {
  /** Why the connection could not be made or ended; null while nothing is known. */
  readonly failure: () => unknown
}

/** Metadata of Subtensor have about 1 MB in hex, a page of its storage a few. */
const MOST_FRAME_BYTES = 64 * 1024 * 1024

interface Call {
  readonly done: Callback
  /** Of a subscription: told everything after the first answer. */
  readonly listener: Callback | null
}

interface Frame {
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: { readonly subscription?: unknown; readonly result?: unknown; readonly error?: unknown } | null
  readonly result?: unknown
  readonly error?: { readonly code?: unknown; readonly message?: unknown; readonly data?: unknown } | null
}

/**
 * JSON-RPC over a WebSocket of `ws`, on every Node: polkadot's own WsProvider takes no agent, and so no proxy. Calls that are
 * open when the connection ends stay open; whoever waits watches for `disconnected`. A frame that is no JSON-RPC ends the
 * connection.
 */
export function createSocketProvider(endpoint: string, agents: Agents, handshakeMs: number): SocketProvider {
  const events = new EventEmitter()
  const calls = new Map<number, Call>()
  const listeners = new Map<string, Callback>()
  /** What came for subscriptions before the answer that names them. */
  const early = new Map<string, Frame[]>()
  let socket: WebSocket | null = null
  let isConnected = false
  let failure: unknown = null
  let lastId = 0

  const told = (id: string, { params }: Frame): void => {
    const listener = listeners.get(id)
    if (listener !== undefined) return listener(null, params?.result)
    if (early.size < 100) early.set(id, [...(early.get(id) ?? []), { params: params ?? null }].slice(-100))
  }
  const answered = (frame: Frame): void => {
    const call = typeof frame.id === 'number' ? calls.get(frame.id) : undefined
    if (call === undefined) throw new Error('an answer that nobody asked for')
    calls.delete(frame.id as number)
    const { error, result } = frame
    if (error != null) return call.done(nodeError(error), undefined)
    call.done(null, result)
    if (call.listener === null || (typeof result !== 'string' && typeof result !== 'number')) return
    const id = String(result)
    listeners.set(id, call.listener)
    for (const waiting of early.get(id) ?? []) told(id, waiting)
    early.delete(id)
  }
  const receive = (data: RawData, isBinary: boolean): void => {
    try {
      const frame: unknown = isBinary ? null : JSON.parse((data as Buffer).toString())
      if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) throw new Error('a frame is no JSON-RPC')
      const { method, params } = frame as Frame
      if (method === undefined) return answered(frame)
      const id = params?.subscription
      if (typeof id !== 'string' && typeof id !== 'number') throw new Error('a notice for no subscription')
      told(String(id), frame)
    } catch (error) {
      failure ??= error
      socket?.terminate()
    }
  }
  const send = async <T>(method: string, params: unknown[], listener: Callback | null): Promise<T> =>
    await new Promise<T>((resolve, reject) => {
      if (socket === null || !isConnected) return
      const id = ++lastId
      const done: Callback = (error, result) => (error === null ? resolve(result as T) : reject(error))
      calls.set(id, { done, listener })
      socket.send(JSON.stringify({ id, jsonrpc: '2.0', method, params }))
    })

  const provider: SocketProvider = {
    hasSubscriptions: true,
    isClonable: false,
    get isConnected() {
      return isConnected
    },
    failure: () => failure,
    clone: () => createSocketProvider(endpoint, agents, handshakeMs),
    connect: async () => {
      const agent = endpoint.startsWith('wss:') ? agents.https : agents.http
      const opened = new WebSocket(endpoint, {
        agent,
        handshakeTimeout: handshakeMs,
        maxPayload: MOST_FRAME_BYTES,
        perMessageDeflate: false,
      })
      socket = opened
      opened.on('message', receive)
      opened.on('error', (error) => {
        failure ??= error
        events.emit('error', error)
      })
      opened.on('open', () => {
        isConnected = true
        events.emit('connected')
      })
      opened.on('close', () => {
        isConnected = false
        calls.clear()
        events.emit('disconnected')
      })
    },
    disconnect: async () => socket?.close(1000),
    on: (type, listener) => {
      events.on(type, listener)
      return () => events.off(type, listener)
    },
    send: async (method, params) => await send(method, params, null),
    subscribe: async (_type, method, params, listener) => await send(method, params, listener),
    unsubscribe: async (_type, method, id) => (listeners.delete(String(id)) ? await send(method, [id], null) : false),
  }
  // Nobody need listen.
  events.on('error', () => undefined)
  return provider
}

/** As polkadot words it: `code: message: data`. */
function nodeError({ code, message, data }: NonNullable<Frame['error']>): Error {
  const more = data === undefined ? '' : `: ${typeof data === 'string' ? data : JSON.stringify(data)}`
  return Object.assign(new Error(`${String(code)}: ${String(message)}${more.slice(0, 256)}`), { code, data })
}
