import { z } from 'zod'
import { StorageError } from '../errors.ts'

/** How `put` and `get` move bytes. */
export interface TransferFlags {
  /** Bytes. */
  readonly partSize?: number | undefined
  /** Requests in flight at most. */
  readonly concurrency?: number | undefined
  /** Bytes per second. */
  readonly bandwidth?: number | undefined
  readonly compress?: 'gzip' | 'zstd' | undefined
  /** MIME type the files are stored with. */
  readonly contentType?: string | undefined
  /** User metadata the files are stored with. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly checksums: boolean
  /** Bytes for parts; default 64 MiB, or one larger part. */
  readonly memoryBudget?: number | undefined
  /** A connection on which nothing moves is cut after so many milliseconds. */
  readonly stallMs?: number | undefined
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1000,
  m: 1000 ** 2,
  g: 1000 ** 3,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
}

/** `16MiB`, `16Mi`, `10MB`, `10M`, `5242880`. */
const size = z
  .string()
  .regex(/^\d{1,15}(\.\d+)?([kmg]i?)?b?$/i, 'must be a size such as 16MiB or 10MB')
  .transform((text) => {
    const [, number = '', unit = ''] = /^([\d.]+)([kmg]i?)?b?$/i.exec(text) ?? []
    return Math.round(Number(number) * (units[unit.toLowerCase()] ?? 1))
  })

/** `name=value`, any number of them. */
const metadata = z
  .array(z.string().regex(/^[a-z0-9-]+=./, 'must be name=value, the name of a-z, 0-9 and -'))
  .transform((pairs): Readonly<Record<string, string>> => Object.fromEntries(pairs.map(atFirstEquals)))

const schema = z.object({
  partSize: size.optional(),
  concurrency: z.coerce.number().int('must be a whole number').min(1).max(256).optional(),
  bandwidth: size.optional(),
  memory: size.optional(),
  stall: z.coerce.number().min(1).max(3600).optional(),
  compress: z.enum(['gzip', 'zstd']).optional(),
  contentType: z.string().optional(),
  metadata: metadata.optional(),
  checksums: z.boolean().default(true),
})

const names: Readonly<Record<string, string>> = {
  partSize: '--part-size',
  concurrency: '--concurrency',
  bandwidth: '--bandwidth',
  memory: '--memory',
  stall: '--stall',
  compress: '--compress',
  contentType: '--content-type',
  metadata: '--metadata',
}

/** @throws StorageError `BAD_SETTINGS` that names the flag */
export function readTransferFlags(flags: Readonly<Record<string, unknown>>): TransferFlags {
  const parsed = schema.safeParse(flags)
  if (parsed.success) {
    const { memory, stall, ...rest } = parsed.data
    return { ...rest, memoryBudget: memory, stallMs: stall === undefined ? undefined : stall * 1000 }
  }
  const lines = parsed.error.issues.map(({ path, message }) => `${names[String(path[0])] ?? path.join('.')} ${message}`)
  throw new StorageError('BAD_SETTINGS', `${lines.join('; ')}; see sluice-miner put --help`)
}

function atFirstEquals(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}
