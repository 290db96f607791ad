import { hash } from 'node:crypto'
import { DatasetError } from './errors.ts'

/** Where the signed manifest lies, relative to a miner's root. */
export const MANIFEST_KEY = 'manifest.json'

/** The originals' numbers of sources (Data Universe, `common/data.py`). */
const SOURCE_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'reddit'],
  [2, 'x'],
])

const MAX_PARTS = 9999
const PART_KEY =
  /^source=([a-z][a-z0-9-]{0,31})\/bucket=(0|[1-9]\d{0,8})\/part-([1-9]\d{0,3})of([1-9]\d{0,3})-([0-9a-f]{16})\.parquet$/
const SEGMENT = /^[A-Za-z0-9._=-]+$/

/** `reddit`, `x`, or `source-{number}` for a source this version does not know. */
export function sourceName(source: number): string {
  if (!Number.isInteger(source) || source < 0 || source > 0xffff_ffff) {
    throw new DatasetError('BAD_KEY', `a source is a whole number from 0 to 2^32-1, not ${source}`)
  }
  return SOURCE_NAMES.get(source) ?? `source-${source}`
}

/** The hour of a Unix time in seconds: `floor(seconds / 3600)`. */
export function timeBucketId(unixSeconds: number): number {
  return Math.floor(unixSeconds / 3600)
}

/** The first 16 bytes of the SHA-256 of the URI in UTF-8. */
export function uriDigest(uri: string): Uint8Array {
  const text = hash('sha256', uri, 'binary') // a third of the time of a Buffer
  const digest = new Uint8Array(16)
  for (let at = 0; at < 16; at += 1) digest[at] = text.charCodeAt(at)
  return digest
}

/** The parts of a partition file's key. */
export interface PartKey {
  /** A name as `sourceName` gives it. */
  readonly source: string
  /** Hours since 1970. */
  readonly hour: number
  /** Which share, counted from 1. */
  readonly part: number
  /** How many shares the partition has, 1 to 9999. */
  readonly of: number
  /** SHA-256 of the file in lower-case hex; a key holds the first 16 digits only. */
  readonly sha256: string
}

/**
 * `source={name}/bucket={hour}/part-{part}of{of}-{sha256[0..16]}.parquet`, relative to the miner's root.
 * @throws DatasetError `BAD_KEY`
 */
export function partKey(key: PartKey): string {
  const text = `source=${key.source}/bucket=${key.hour}/part-${key.part}of${key.of}-${key.sha256.slice(0, 16)}.parquet`
  if (!parsePartKey(text)) throw new DatasetError('BAD_KEY', `"${text}" is not the key of a partition file`)
  return text
}

/** Reverse of `partKey`; `sha256` has 16 digits then. Null for anything else. */
export function parsePartKey(key: string): PartKey | null {
  const match = PART_KEY.exec(key)
  if (!match) return null
  const [, source = '', hour, part, of, sha256 = ''] = match
  if (Number(part) > Number(of)) return null
  return { source, hour: Number(hour), part: Number(part), of: Number(of), sha256 }
}

/** Whether a path may stand in a manifest: 1 to 1024 characters of `[A-Za-z0-9._=-]` and `/`, no `.` or `..` segment. */
export function isSafePath(path: string): boolean {
  if (path.length === 0 || path.length > 1024) return false
  return path.split('/').every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..')
}

/** A file is planned to stay at or below this size. */
const DEFAULT_MAX_FILE_BYTES = 256 * 1024 * 1024
/**
 * Bytes of a file per byte of content at worst: two rounds of base64 make 16/9, and a row of 200 bytes gains
 * about as much again from the Fernet headers. Usual files are ten times smaller than their content.
 */
const WORST_GROWTH = 4

/**
 * Into how many shares a partition is split so that no file exceeds `maxFileBytes` (default 256 MiB).
 * Depends on the content size only, so that equal rows are always split alike.
 */
export function shareCount(contentBytes: number, maxFileBytes: number = DEFAULT_MAX_FILE_BYTES): number {
  const shares = Math.max(1, Math.ceil((contentBytes * WORST_GROWTH) / maxFileBytes))
  if (!(shares <= MAX_PARTS)) {
    throw new DatasetError('BAD_KEY', `${contentBytes} bytes of one source and hour do not fit ${MAX_PARTS} files`)
  }
  return shares
}

/** The share (counted from 0) of a digest: `floor(u32be(digest) * of / 2^32)`, equal ranges of the digest. */
export function shareOf(digest: Uint8Array, of: number): number {
  const head = ((digest[0]! << 24) | (digest[1]! << 16) | (digest[2]! << 8) | digest[3]!) >>> 0
  return Math.floor((head * of) / 2 ** 32)
}
