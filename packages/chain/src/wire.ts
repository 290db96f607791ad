import { z } from 'zod'
import { ChainError } from './errors.ts'

const hash = z.string().regex(/^0x[0-9a-f]{64}$/)
const hexNumber = z.string().regex(/^0x[0-9a-f]{1,16}$/)
const hexBytes = z.string().regex(/^0x(?:[0-9a-f]{2})*$/)

const header = z.object({ number: hexNumber, parentHash: hash })
const changes = z.array(z.object({ block: hash, changes: z.array(z.tuple([hexBytes, hexBytes.nullable()])) })).length(1)
const signedBlock = z.object({ block: z.object({ extrinsics: z.array(hexBytes) }) })

/** Whether a reply is a 32-byte hash as 0x hex. */
export function isHash(value: unknown): value is string {
  return hash.safeParse(value).success
}

/** The number of a header, from its hex form. @throws ChainError PROTOCOL */
export function readHeader(value: unknown): { number: number } {
  const parsed = header.safeParse(value)
  if (!parsed.success) throw malformed('a block header', parsed.error)
  const number = Number(parsed.data.number)
  if (!Number.isSafeInteger(number)) throw malformed('a block header', undefined)
  return { number }
}

/** The values of `state_queryStorageAt` for these keys, in their order; null where the state has none. */
export function readChanges(value: unknown, keys: readonly string[]): readonly (string | null)[] {
  const parsed = changes.safeParse(value)
  if (!parsed.success) throw malformed('storage values', parsed.error)
  const byKey = new Map(parsed.data[0]?.changes)
  return keys.map((key) => {
    const found = byKey.get(key)
    if (found === undefined) throw malformed('storage values', undefined)
    return found
  })
}

/** The extrinsics of a block, as 0x hex. */
export function readExtrinsics(value: unknown): readonly string[] {
  const parsed = signedBlock.safeParse(value)
  if (!parsed.success) throw malformed('a block', parsed.error)
  return parsed.data.block.extrinsics
}

/** Any byte string as 0x hex. */
export function readBytes(value: unknown): string {
  const parsed = hexBytes.safeParse(value)
  if (!parsed.success) throw malformed('bytes', parsed.error)
  return parsed.data
}

function malformed(what: string, cause: unknown): ChainError {
  return new ChainError('PROTOCOL', `The node answered with something that is not ${what}; use another endpoint.`, {
    retryable: true,
    cause,
  })
}
