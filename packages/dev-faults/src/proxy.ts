import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFaultList } from './fault-picker.ts'
import type { WireFaultKind, WireFaults, WireScript } from './faults.ts'
import { forward } from './forward.ts'

/** What became of one request. */
export interface WireExchange {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  readonly fault: WireFaultKind | null
  /** Null when no reply was begun. */
  readonly status: number | null
}

export interface FaultProxyOptions {
  /** Base URL of a plain HTTP server; only host and port count. */
  readonly target: string
  /** 0 (default) takes a free one. */
  readonly port?: number
  /** Called when an exchange has ended or its fault left it hanging. */
  readonly onExchange?: (exchange: WireExchange) => void
  /** Milliseconds since 1970, for rates. */
  readonly now?: () => number
}

/** A proxy on loopback that damages what passes through it. */
export interface FaultProxy {
  readonly url: string
  readonly faults: WireFaults
  /** Cuts what is open or hangs. Closing twice is harmless. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Puts a bad line before a server. The `Host` header goes on as the client sent it, so a request signed for the
 * proxy's address is verified by the server as it stands.
 * @throws Error when the port is taken
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const target = new URL(options.target)
  const agent = new Agent({ keepAlive: true })
  const { faults, pick } = createFaultList<WireFaultKind>(options.now ?? Date.now)
  let script: WireScript | null = null
  let number = 0
  const server = createServer((message: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '/' } = message
    const fault = pick(method, url) ?? script?.({ number: number++, method, target: url }) ?? null
    response.on('error', () => undefined)
    void forward({ target, agent, fault, message, response }).then(
      (status) => options.onExchange?.({ method, target: url, fault, status }),
      () => message.socket.destroy(),
    )
  })
  server.on('connection', (socket) => socket.on('error', () => undefined)) // clients reset lines too
  // The client's deadlines are what is tested.
  Object.assign(server, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 75_000 })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  let closing: Promise<void> | null = null
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      agent.destroy()
      await closed
    })())
  const { port } = server.address() as AddressInfo
  const follow = (next: WireScript | null): void => {
    script = next
    number = 0
  }
  return {
    url: `http://127.0.0.1:${port}`,
    faults: { ...faults, follow },
    close,
    [Symbol.asyncDispose]: close,
  }
}
