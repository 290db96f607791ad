import {
  BadValue,
  needed,
  oneOf,
  optional,
  type Reader,
  type Settings,
  several,
  toggle,
  whole,
  words,
} from '@sluice/command-line'
import { type BucketSettings, bucketSettings } from '../settings.ts'

/** How `put` and `get` move bytes. */
interface LineFlags extends BucketSettings {
  /** Bytes per second. */
  readonly bandwidth: number | undefined
  /** Requests in flight at most. */
  readonly concurrency: number | undefined
  /** Bytes for parts; default 64 MiB, or one larger part. */
  readonly memory: number | undefined
  /** A connection on which nothing moves is cut after so many seconds. */
  readonly stall: number | undefined
}

export interface PutFlags extends LineFlags {
  readonly files: readonly string[]
  readonly key: string | undefined
  readonly prefix: string | undefined
  /** Bytes. */
  readonly partSize: number | undefined
  readonly compress: 'gzip' | 'zstd' | undefined
  /** MIME type the files are stored with. */
  readonly contentType: string | undefined
  /** User metadata the files are stored with. */
  readonly metadata: readonly (readonly [name: string, value: string])[]
  readonly noChecksums: boolean
  readonly dryRun: boolean
}

export interface GetFlags extends LineFlags {
  readonly key: string
  readonly output: string | undefined
  readonly sha256: string | undefined
  readonly raw: boolean
}

export interface AbortFlags extends BucketSettings {
  readonly keys: readonly string[]
  readonly all: boolean
  /** Hours. */
  readonly olderThan: number | undefined
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
const size: Reader<number> = (text) => {
  const [, number, unit = ''] = /^(\d{1,15}(?:\.\d+)?)([kmg]i?)?b?$/i.exec(text) ?? []
  if (number === undefined) throw new BadValue('must be a size such as 16MiB or 10MB')
  return Math.round(Number(number) * (units[unit.toLowerCase()] ?? 1))
}

const pair: Reader<readonly [string, string]> = (text) => {
  const [, name, value] = /^([a-z0-9-]+)=(.+)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new BadValue('must be name=value, the name of a-z, 0-9 and -')
  }
  return [name, value]
}

const digest: Reader<string> = (text) => {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  throw new BadValue('must be 64 lower-case hex digits')
}

const hours: Reader<number> = (text) => {
  if (/^\d{1,6}(\.\d+)?$/.test(text)) return Number(text)
  throw new BadValue('must be a number of hours')
}

const line = (flag: string, value: string, meaning: string, shown?: string) => ({
  flag,
  value,
  meaning,
  group: 'Line',
  ...(shown === undefined ? {} : { shown }),
})
const object = (flag: string, value: string, meaning: string) => ({ flag, value, meaning, group: 'Object' })

const lineSettings: Settings<LineFlags> = {
  bandwidth: optional(size, line('bandwidth', 'size', 'bytes per second, such as 10MB', 'unlimited')),
  concurrency: optional(whole(1, 256), line('concurrency', 'n', 'requests at once', '4, for many small files 16')),
  memory: optional(size, line('memory', 'size', 'for what is under way, at least 10MiB', '64MiB')),
  stall: optional(
    whole(1, 3600),
    line('stall', 'seconds', 'a connection on which nothing moves is cut after this', '30'),
  ),
  ...bucketSettings,
}

export const putSettings: Settings<PutFlags> = {
  files: several(words, { argument: 'file', meaning: 'what to store, under files/ of the own prefix' }, 1),
  key: optional(words, object('key', 'key', 'where a single file goes; its name without it')),
  prefix: optional(words, object('prefix', 'folder', 'folder for all of them')),
  compress: optional(
    oneOf('gzip', 'zstd'),
    object('compress', 'gzip|zstd', 'sends them compressed; the SHA-256 stays that of the file'),
  ),
  contentType: optional(words, {
    ...object('content-type', 'type', 'such as text/csv'),
    shown: 'application/octet-stream',
  }),
  metadata: several(pair, object('metadata', 'name=value', 'noted beside the object')),
  dryRun: toggle({ flag: 'dry-run', group: 'Object', meaning: 'only says what would be sent' }),
  partSize: optional(size, line('part-size', 'size', '5MiB to 5GiB', 'by size and memory')),
  noChecksums: toggle({ flag: 'no-checksums', group: 'Line', meaning: 'for stores that refuse checksums' }),
  ...lineSettings,
}

export const getSettings: Settings<GetFlags> = {
  key: needed(words, { argument: 'key', meaning: 'what to read' }),
  output: optional(words, {
    ...object('output', 'path', '- is standard output'),
    also: ['o'],
    shown: 'the last part of the key',
  }),
  sha256: optional(digest, {
    ...object('sha256', 'hex', 'what it must have'),
    shown: 'what was noted when it was stored',
  }),
  raw: toggle({ flag: 'raw', group: 'Object', meaning: 'as it is stored, also when it is compressed' }),
  ...lineSettings,
}

export const abortSettings: Settings<AbortFlags> = {
  keys: several(words, { argument: 'key', meaning: 'as the list shows them, or as put takes them' }),
  all: toggle({ flag: 'all', meaning: 'all of them, but what is being sent' }),
  olderThan: optional(hours, { flag: 'older-than', value: 'hours', meaning: 'only those started before' }),
  ...bucketSettings,
}
