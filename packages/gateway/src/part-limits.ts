import { GatewayError } from './errors.ts'
import type { Limits } from './limits.ts'
import type { Session } from './state/state.ts'

/**
 * How many parts an upload may have; pure arithmetic, whatever numbers come.
 * @throws GatewayError TOO_LARGE, BAD_REQUEST
 */
export function planParts(bytes: number | null, partSize: number, all: Limits): number {
  const limits = limitsOf(bytes, all)
  if (partSize > limits.maxPartBytes) {
    throw new GatewayError('TOO_LARGE', `A part takes at most ${limits.maxPartBytes} bytes.`)
  }
  // Of an unknown size one part may be all there is.
  if ((bytes ?? partSize) > limits.objectBytes) throw tooLargeObject(limits)
  // A single part may be of any size.
  if (partSize < limits.minPartBytes && (bytes === null || bytes > partSize)) {
    throw new GatewayError('BAD_REQUEST', `Parts other than the last have at least ${limits.minPartBytes} bytes.`)
  }
  if (bytes === null) return Math.min(limits.maxParts, Math.floor(limits.objectBytes / partSize))
  const count = Math.max(1, Math.ceil(bytes / partSize))
  if (count > limits.maxParts) {
    const wanted = Math.ceil(bytes / limits.maxParts)
    throw new GatewayError('TOO_LARGE', `That would be ${count} parts; take a part_size of at least ${wanted}.`)
  }
  return count
}

/** An upload that does not say its size reserves all that it may take, so that is less. */
export function limitsOf(bytes: number | null, limits: Limits): Limits {
  return bytes === null ? { ...limits, objectBytes: Math.min(limits.objectBytes, limits.unknownBytes) } : limits
}

export function tooLargeObject({ objectBytes }: Limits): GatewayError {
  return new GatewayError('TOO_LARGE', `An object takes at most ${objectBytes} bytes.`)
}

/** @throws GatewayError BAD_REQUEST when the upload has no such part, or the part another size */
export function requirePart(
  { bytes, partSize, maxParts }: Session,
  partNumber: number,
  partBytes: number | null,
): void {
  if (partNumber > maxParts) {
    throw new GatewayError('BAD_REQUEST', `This upload has parts 1 to ${maxParts}.`)
  }
  if (partBytes === null) return
  const expected = bytes === null ? null : Math.min(partSize, bytes - (partNumber - 1) * partSize)
  if (expected === null ? partBytes > partSize : partBytes !== expected) {
    const rule = expected === null ? `at most ${partSize}` : `exactly ${expected}`
    throw new GatewayError('BAD_REQUEST', `Part ${partNumber} has ${rule} bytes.`)
  }
}
