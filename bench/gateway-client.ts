import { connect, type Socket } from 'node:net'

export interface Reply {
  readonly status: number
  readonly text: string
}

/** One kept connection that sends requests which are bytes already: a load generator that takes little of the machine. */
export interface Connection {
  send(request: Uint8Array): Promise<Reply>
  close(): void
}

/** A whole HTTP/1.1 request. */
export function requestBytes(target: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Uint8Array {
  const lines = Object.entries({ host: '127.0.0.1', ...headers, 'content-length': String(body.length) })
  const head = `POST ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

/** To a server that answers in order, with `content-length`. */
export function openConnection(port: number): Connection {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = ''
  let settle: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | null = null
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    received += chunk
    const end = received.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(received)?.[1] ?? 0)
    if (received.length < end + 4 + length) return
    const reply = { status: Number(received.slice(9, 12)), text: received.slice(end + 4) }
    received = ''
    settle?.resolve(reply)
  })
  socket.on('error', (error) => settle?.reject(error))
  socket.on('close', () => settle?.reject(new Error('the gateway closed the connection')))
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject }
        socket.write(request)
      }),
    close: () => void socket.destroy(),
  }
}
