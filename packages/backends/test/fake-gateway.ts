import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server on loopback that answers as a test wants, or not at all. */
export interface FakeGateway {
  readonly url: string
  /** `METHOD path` of every request, in order. */
  readonly requests: string[]
  close(): Promise<void>
}

/** @param answer null = says nothing, and keeps the connection */
export async function startFakeGateway(
  answer: (line: string) => { status: number; body?: unknown; headers?: Record<string, string> } | null,
): Promise<FakeGateway> {
  const requests: string[] = []
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const line = `${request.method} ${request.url}`
    requests.push(line)
    request.resume()
    const reply = answer(line)
    if (reply === null) return
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
    response.end(JSON.stringify(reply.body ?? {}))
  }
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
