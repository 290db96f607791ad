import { validateHeaderName, validateHeaderValue } from 'node:http'
import { abortedError } from '../errors.ts'
import { ownHeaders, type Send, type WireRequest } from '../sessions/send.ts'
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts'
import type { HttpAddress } from './http-address.ts'
import { unsendable } from './http-failures.ts'

export interface PutSender {
  readonly send: Send
  /** Ends its connections. */
  close(): void
}

const MOST_IDLE = 64
const NOTHING = new Uint8Array(0)

/**
 * Sends PUTs over kept connections of its own: Node's HTTP client takes a third of a small file's processor time.
 * @param addressOf throws a TypeError when it is no URL
 */
export function createPutSender(
  trust: Pick<ConnectionOptions, 'ca' | 'lookup'>,
  addressOf: (url: string) => HttpAddress,
): PutSender {
  const open = new Set<Connection>()
  /** By origin; the last one used is the next. */
  const idle = new Map<string, Connection[]>()

  function take(address: HttpAddress): Connection {
    const origin = `${address.protocol}//${address.host}`
    const kept = idle.get(origin) ?? []
    for (let found = kept.pop(); found !== undefined; found = kept.pop()) if (found.isOpen()) return found
    const connection = openConnection(address, {
      ...trust,
      onIdle: () => {
        const others = idle.get(origin) ?? []
        if (others.length >= MOST_IDLE) return connection.close()
        idle.set(origin, others)
        others.push(connection)
      },
      onClosed: () => {
        open.delete(connection)
        const others = idle.get(origin)?.filter((other) => other !== connection) ?? []
        if (others.length === 0) idle.delete(origin)
        else idle.set(origin, others)
      },
    })
    open.add(connection)
    return connection
  }

  const send: Send = (request, { signal, stallMs, allow, onSent }) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(abortedError(signal.reason))
      try {
        const address = addressOf(request.url)
        const { body = NOTHING } = request
        const head = headOf(request, address, body.length)
        take(address).run({ head, body, signal, stallMs, allow, onSent, resolve, reject })
      } catch (error) {
        reject(unsendable(error))
      }
    })
  const close = (): void => {
    for (const connection of open) connection.close()
  }
  return { send, close }
}

/** @throws TypeError for what would not be one header */
function headOf(request: WireRequest, { host, path }: HttpAddress, bytes: number): string {
  let head = `PUT ${path} HTTP/1.1\r\nhost: ${host}\r\n`
  for (const [name, value] of ownHeaders(request)) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    head += `${name}: ${value}\r\n`
  }
  return `${head}content-length: ${bytes}\r\n\r\n`
}
