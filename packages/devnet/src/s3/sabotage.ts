import type { IncomingMessage, ServerResponse } from 'node:http'
import type { S3FaultKind } from './faults.ts'
import { errorXml } from './reply.ts'

/** Sets a fault in motion. `taken` when the request needs no further handling. */
export function sabotage(fault: S3FaultKind, message: IncomingMessage, response: ServerResponse): 'taken' | 'goes-on' {
  if (fault === 'reset') {
    message.socket.resetAndDestroy()
    return 'taken'
  }
  if (fault === 'stall') {
    message.resume()
    return 'taken'
  }
  if (typeof fault === 'string') return 'goes-on'
  if ('resetAfterBytes' in fault) {
    resetAfter(fault.resetAfterBytes, message, response)
    return 'goes-on'
  }
  if ('bytesPerSecond' in fault) {
    throttle(fault.bytesPerSecond, message, response)
    return 'goes-on'
  }
  const status = 'status' in fault ? fault.status : 503
  const code = 'status' in fault ? (fault.code ?? (status === 503 ? 'SlowDown' : 'InternalError')) : 'SlowDown'
  message.resume()
  response.statusCode = status
  response.setHeader('content-type', 'application/xml')
  if ('status' in fault && fault.retryAfterSeconds !== undefined)
    response.setHeader('retry-after', fault.retryAfterSeconds)
  response.end(message.method === 'HEAD' ? '' : errorXml(code, 'Injected fault.', null, 'fault'))
  return 'taken'
}

function resetAfter(limit: number, message: IncomingMessage, response: ServerResponse): void {
  let left = limit
  const count = (bytes: number): void => {
    left -= bytes
    if (left <= 0) message.socket.resetAndDestroy()
  }
  observePush(message, count)
  observeWrite(response, (bytes) => {
    count(bytes)
    return null
  })
}

/** Delays every piece by the time it would take at the given rate. */
function throttle(bytesPerSecond: number, message: IncomingMessage, response: ServerResponse): void {
  const delay = (bytes: number): number => (bytes / bytesPerSecond) * 1000
  observePush(message, (bytes) => {
    message.socket.pause()
    setTimeout(() => message.socket.resume(), delay(bytes)).unref()
  })
  observeWrite(response, delay)
}

function observePush(message: IncomingMessage, onBytes: (bytes: number) => void): void {
  const push = message.push.bind(message)
  message.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk instanceof Uint8Array) onBytes(chunk.length)
    return push(chunk, encoding)
  }
}

/** `onBytes` returns milliseconds to wait before the next piece is asked for, or null. */
function observeWrite(response: ServerResponse, onBytes: (bytes: number) => number | null): void {
  const write = response.write.bind(response)
  response.write = ((chunk: Uint8Array | string): boolean => {
    const accepted = write(chunk)
    const wait = onBytes(chunk.length)
    if (wait === null) return accepted
    setTimeout(() => response.emit('drain'), wait).unref()
    return false
  }) as ServerResponse['write']
}
