// Servers of one test each, plain and raw, on free ports; all end with it.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach } from 'vitest'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** @returns its URL; with a certificate, for the host `localhost` */
export async function serve(
  listener: RequestListener,
  tls?: { readonly key: string; readonly cert: string },
): Promise<string> {
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener)
  ends.push(
    () => server.closeAllConnections(),
    () => void server.close(),
  )
  const port = await listen(server)
  return tls === undefined ? `http://127.0.0.1:${port}/` : `https://localhost:${port}/`
}

/** Says what a test lets it say. @returns its URL */
export async function serveRaw(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    onSocket(socket)
  })
  ends.push(
    () => void server.close(),
    () => sockets.forEach((socket) => socket.destroy()),
  )
  return `http://127.0.0.1:${await listen(server)}/`
}
