import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { S3FaultKind } from '../faults.ts'
import { errorXml } from './reply.ts'

/** Called for every piece of a body, in either direction, before the next one. */
export type Pace = (bytes: number) => Promise<void>

/** Sets a fault in motion. `taken` when the request needs no further handling. */
export function sabotage(fault: S3FaultKind, message: IncomingMessage, response: ServerResponse): 'taken' | Pace {
  if (fault === 'reset') {
    message.socket.resetAndDestroy()
    return 'taken'
  }
  if (fault === 'stall') {
    message.resume()
    return 'taken'
  }
  if (typeof fault === 'string' || 'bytesPerSecond' in fault || 'resetAfterBytes' in fault) {
    return createPace(fault, message)
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

function createPace(fault: S3FaultKind, message: IncomingMessage): Pace {
  if (typeof fault === 'string') return freely
  if ('bytesPerSecond' in fault) return async (bytes) => sleep((bytes / fault.bytesPerSecond) * 1000)
  if (!('resetAfterBytes' in fault)) return freely
  let left = fault.resetAfterBytes
  return async (bytes) => {
    left -= bytes
    if (left <= 0) message.socket.resetAndDestroy()
  }
}

/** The pace of a request without a fault. */
export async function freely(): Promise<void> {
  // Nothing to wait for.
}
