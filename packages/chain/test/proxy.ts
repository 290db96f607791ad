import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { type RawData, WebSocket, WebSocketServer } from 'ws'

/** A node's endpoint that can be broken at will. */
export interface Proxy {
  readonly url: string
  /** JSON-RPC methods that went through. */
  readonly methods: string[]
  /** From now on nothing passes, and nothing is closed. */
  freeze(): void
  /** Closes every connection; new ones are refused when `forGood`. */
  kill(forGood?: boolean): void
  /** Takes connections again. */
  revive(): void
  /** Called with each request; the reply to it is replaced by what it gives, unless undefined. */
  answer: ((method: string, params: readonly unknown[]) => unknown) | null
  /** As `answer`, for an error with this message. */
  refuse: ((method: string) => string | undefined) | null
  /** Called with each message of the node; false holds it back. */
  pass: ((message: Record<string, unknown>) => boolean) | null
  close(): Promise<void>
}

/** Stands between a client and a node, on a free loopback port. */
export async function startProxy(target: string): Promise<Proxy> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await new Promise<void>((resolve) => server.once('listening', resolve))
  const sockets = new Set<WebSocket>()
  let frozen = false
  let dead = false
  const proxy: Proxy = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    methods: [],
    freeze: () => {
      frozen = true
    },
    kill: (forGood = true) => {
      dead = forGood
      for (const socket of sockets) socket.terminate()
    },
    revive: () => {
      dead = false
    },
    answer: null,
    refuse: null,
    pass: null,
    close: async () => {
      for (const socket of sockets) socket.terminate()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
  server.on('connection', (down) => {
    if (dead) return down.terminate()
    const up = new WebSocket(target)
    const opened = new Promise<void>((resolve) => up.once('open', () => resolve()))
    for (const socket of [down, up]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    down.on('close', () => up.terminate())
    up.on('close', () => down.terminate())
    down.on('message', (data: RawData) => {
      const text = (data as Buffer).toString()
      const request = JSON.parse(text) as { id: number; method: string; params: unknown[] }
      proxy.methods.push(request.method)
      if (frozen) return
      const result = proxy.answer?.(request.method, request.params)
      const message = proxy.refuse?.(request.method)
      if (message !== undefined) {
        return down.send(JSON.stringify({ jsonrpc: '2.0', id: request.id, error: { code: -32_005, message } }))
      }
      if (result !== undefined) return down.send(JSON.stringify({ jsonrpc: '2.0', id: request.id, result }))
      void opened.then(() => up.send(text))
    })
    up.on('message', (data: RawData) => {
      const text = (data as Buffer).toString()
      if (frozen || proxy.pass?.(JSON.parse(text) as Record<string, unknown>) === false) return
      down.send(text)
    })
  })
  return proxy
}

/** Accepts TCP connections and never says a word. */
export async function startSilent(): Promise<{ url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}
