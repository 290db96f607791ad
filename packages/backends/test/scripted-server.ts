import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Scripted {
  readonly url: string
  /** `METHOD /path?query` of every request, in order. */
  readonly seen: string[]
  close(): Promise<void>
}

/** A server that answers as a test says; what it does not answer stays open until `close`. */
export async function startScripted(
  answer: (request: IncomingMessage, response: ServerResponse, body: () => Promise<Buffer>) => void | Promise<void>,
): Promise<Scripted> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    request.on('error', () => undefined)
    const body = async (): Promise<Buffer> => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks)
    }
    void Promise.resolve(answer(request, response, body)).catch(() => request.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** An S3 error reply. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/xml', ...headers })
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>said so</Message></Error>`)
}
