import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** What became of one request to a proxy. */
export interface Tunnel {
  /** What was asked for, `host:port`; for anything but CONNECT the method and the target. */
  readonly target: string
  /** 200 = a tunnel was made. */
  readonly status: number
}

export interface ConnectProxyOptions {
  /** Without it nobody needs to log in. */
  readonly login?: { readonly user: string; readonly password: string } | undefined
  /** Answers every request in place of a tunnel. */
  readonly refuseWith?: number | undefined
  /** To speak TLS with clients. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined
}

/** A proxy on loopback that makes tunnels. It alone knows names that end in `.test`: all of them are this machine. */
export interface ConnectProxy {
  readonly url: string
  /** The same with user and password. */
  readonly urlWith: (user: string, password: string) => string
  readonly tunnels: readonly Tunnel[]
  /** Cuts what is open. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** @throws Error when it cannot listen */
export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const { login, refuseWith, tls } = options
  const wanted =
    login === undefined ? null : `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`
  const tunnels: Tunnel[] = []
  const open = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    open.add(socket)
    return socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy())
  }
  const server = tls === undefined ? createServer() : createSecureServer(tls)
  server.on('connection', keep)
  server.on('request', (message, response) => {
    tunnels.push({ target: `${message.method} ${message.url}`, status: 405 })
    response.writeHead(405).end()
  })
  server.on('connect', (message: IncomingMessage, client: Socket) => {
    keep(client)
    const target = message.url ?? ''
    const refuse = (status: number, header = ''): void => {
      tunnels.push({ target, status })
      client.end(`HTTP/1.1 ${status} no\r\n${header}content-length: 0\r\n\r\n`)
    }
    if (wanted !== null && message.headers['proxy-authorization'] !== wanted) {
      return refuse(407, 'proxy-authenticate: Basic realm="test"\r\n')
    }
    if (refuseWith !== undefined) return refuse(refuseWith)
    const { hostname, port } = new URL(`tcp://${target}`)
    const host = hostname.endsWith('.test') ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '')
    const upstream = keep(connect({ host, port: Number(port) }))
    const failed = (): void => refuse(502)
    upstream.once('error', failed).once('connect', () => {
      upstream.off('error', failed)
      tunnels.push({ target, status: 200 })
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(upstream).pipe(client)
      client.on('close', () => upstream.destroy())
      upstream.on('close', () => client.destroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const scheme = tls === undefined ? 'http' : 'https'
  const place = `${tls === undefined ? '127.0.0.1' : 'localhost'}:${port}`
  let closing: Promise<void> | null = null
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    })())
  return {
    url: `${scheme}://${place}`,
    urlWith: (user, password) => `${scheme}://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${place}`,
    tunnels,
    close,
    [Symbol.asyncDispose]: close,
  }
}
