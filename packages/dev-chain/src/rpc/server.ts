/** JSON-RPC 2.0 over WebSocket and plain HTTP POST on one loopback port. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { RpcFailure } from './failure.ts'
import type { Ledger } from '../block/ledger.ts'
import { createMethods } from './rpc.ts'
import type { Methods, Params } from './rpc-method.ts'
import { createSubscriptions, SUBSCRIPTION_METHODS } from './subscriptions.ts'

export interface RpcServer {
  readonly port: number
  close(): Promise<void>
}
const MAX_MESSAGE = 16 * 1024 * 1024
/** How long clients may take to answer the closing handshake. */
const CLOSE_GRACE_MS = 200

export async function startRpcServer(ledger: Ledger, name: string, port: number): Promise<RpcServer> {
  const plain = createMethods(ledger, name)
  const all = [...Object.keys(plain), ...SUBSCRIPTION_METHODS, 'rpc_methods'].sort()
  const shared: Methods = { ...plain, rpc_methods: () => ({ methods: all }) }

  const http = createServer((request, response) => void answerPost(shared, request, response))
  const sockets = new WebSocketServer({ server: http, maxPayload: MAX_MESSAGE })
  sockets.on('connection', (socket) => serveSocket(ledger, shared, socket))
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    sockets.on('error', reject)
    http.listen(port, '127.0.0.1', resolve)
  })
  return {
    port: (http.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets.clients) socket.close(1001, 'the node stops')
      const force = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate()
        http.closeAllConnections()
      }, CLOSE_GRACE_MS)
      sockets.close()
      http.closeIdleConnections()
      await new Promise<void>((resolve) => http.close(() => resolve()))
      clearTimeout(force)
    },
  }
}

function serveSocket(ledger: Ledger, shared: Methods, socket: WebSocket): void {
  const send = (message: object): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message))
  }
  const subscriptions = createSubscriptions(ledger, shared, (method, subscription, result) =>
    send({ jsonrpc: '2.0', method, params: { subscription, result } }),
  )
  const methods = { ...shared, ...subscriptions.methods }
  socket.on('message', (data: RawData) => {
    const reply = answer(methods, (data as Buffer).toString())
    if (reply !== null) send(reply)
  })
  socket.on('close', () => subscriptions.close())
  socket.on('error', () => socket.terminate())
}

/** Answers one message, a batch included; null when there is nothing to answer (notifications). */
function answer(methods: Methods, text: string): object | null {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return failure(null, new RpcFailure(-32_700, 'Parse error'))
  }
  if (!Array.isArray(message)) return answerOne(methods, message)
  const replies = message.map((one) => answerOne(methods, one)).filter((reply) => reply !== null)
  return replies.length > 0 ? replies : null
}

function answerOne(methods: Methods, message: unknown): object | null {
  const { id, method, params } = (typeof message === 'object' && message ? message : {}) as Record<string, unknown>
  if (typeof method !== 'string') return failure(id ?? null, new RpcFailure(-32_600, 'Invalid request'))
  try {
    const call = Object.hasOwn(methods, method) ? methods[method] : undefined
    if (!call) throw new RpcFailure(-32_601, 'Method not found')
    const result = call((Array.isArray(params) ? params : []) as Params)
    return id === undefined ? null : { jsonrpc: '2.0', id, result }
  } catch (error) {
    return failure(id ?? null, error)
  }
}

function failure(id: unknown, error: unknown): object {
  const known = error instanceof RpcFailure ? error : new RpcFailure(-32_603, `Internal error: ${String(error)}`)
  const { code, message, data } = known
  return { jsonrpc: '2.0', id, error: data === undefined ? { code, message } : { code, message, data } }
}

async function answerPost(methods: Methods, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request) {
      size += (chunk as Buffer).length
      if (size > MAX_MESSAGE) throw new RangeError('message too long')
      chunks.push(chunk as Buffer)
    }
  } catch {
    response.writeHead(413).end()
    return
  }
  const reply = answer(methods, Buffer.concat(chunks).toString())
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply))
}
