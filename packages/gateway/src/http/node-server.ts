import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { clientAddress } from './client-address.ts'
import type { GatewayReply } from './exchange.ts'
import { type App, refuse, tooLarge } from './refusal.ts'

export interface NodeServerOptions {
  readonly app: App
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** How many proxies of one's own stand before the gateway. */
  readonly trustedProxies: number
  /** How long a stop waits for running requests, milliseconds; default 15,000. */
  readonly graceMs?: number
}

export interface NodeServer {
  readonly port: number
  /** Takes no more requests, lets running ones end, then cuts what is left. */
  close(): Promise<void>
}

/** @throws Error when the port is taken */
export async function serve(options: NodeServerOptions): Promise<NodeServer> {
  const { app, host, port, trustedProxies, graceMs = 15_000 } = options
  const server = createServer(
    { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000 },
    (message, response) => {
      void answer(app, trustedProxies, message, response)
    },
  )
  // Longer than the idle time of the usual load balancers, so that they close first.
  server.keepAliveTimeout = 75_000
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      // A connection whose last request ends now is kept alive by default, and would keep the server open.
      const idle = setInterval(() => server.closeIdleConnections(), 50)
      const cut = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed
      clearInterval(idle)
      clearTimeout(cut)
    },
  }
}

async function answer(
  app: App,
  trustedProxies: number,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url: target = '/' } = message
  const max = app.maxBody(method, target)
  const body = await readBody(message, max)
  if (body === 'broken') return void response.destroy()
  if (body === 'too large') {
    send(response, { ...refuse(tooLarge(max)) }, true)
    return
  }
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )
  const address = clientAddress(message.socket.remoteAddress ?? 'unknown', headers['x-forwarded-for'], trustedProxies)
  send(response, await app.handle({ method, target, headers, body, address }), false)
}

function send(response: ServerResponse, { status, headers, body }: GatewayReply, isLast: boolean): void {
  if (response.destroyed) return
  const length = status === 204 ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  response.writeHead(status, { ...headers, ...length, ...(isLast ? { connection: 'close' } : {}) })
  response.end(status === 204 ? undefined : body)
}

/** Counts what really arrives; what the client says about it is only used to refuse early. */
function readBody(message: IncomingMessage, max: number): Promise<Uint8Array | 'too large' | 'broken'> {
  return new Promise((resolve) => {
    if (Number(message.headers['content-length'] ?? 0) > max) return resolve('too large')
    const chunks: Buffer[] = []
    let length = 0
    message.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= max) chunks.push(chunk)
      else resolve('too large')
    })
    message.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    message.on('error', () => resolve('broken'))
    message.on('close', () => resolve('broken'))
  })
}
