import { TransferError } from '../errors.ts'
import type { OnEvent } from '../pace/events.ts'
import type { Proof } from './put-reply.ts'
import type { PauseSwitch } from '../pace/pause.ts'

export interface UploadOptions {
  /** Where it goes, relative to the destination. At most 960 bytes, no empty, `.` or `..` segment. */
  readonly key: string
  /** Hex SHA-256 that the source must have; kept as metadata `sha256` of the object. */
  readonly sha256?: string | undefined
  /** Default `application/octet-stream`. */
  readonly contentType?: string | undefined
  /** User metadata: names of lower-case letters, digits and `-`; printable ASCII values; 2 KiB together. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** Sends the bytes compressed, with `Content-Encoding`; the hash stays that of the plain bytes. */
  readonly compress?: 'gzip' | 'zstd' | undefined
  /** Ends the upload; it can be resumed when there is a journal. */
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: OnEvent | undefined
  readonly pause?: PauseSwitch | undefined
}

export interface UploadResult {
  readonly key: string
  /** Bytes of the source. */
  readonly bytes: number
  /** Bytes of the object; fewer when compressed. */
  readonly storedBytes: number
  readonly etag: string
  /** Hex, of the plain bytes; null when it was switched off and not given. */
  readonly sha256: string | null
  /** CRC-32 of the stored bytes, base64; null without checksums. */
  readonly crc32: string | null
  /** 1 for a single PUT. */
  readonly parts: number
  /** Parts that were there from an earlier run. */
  readonly partsKept: number
  readonly retries: number
  /** What the store vouches for: its checksum, its MD5 of what was sent, or only the size. */
  readonly proof: Proof
  readonly seconds: number
}

const MOST_KEY_BYTES = 960
const MOST_METADATA = 2048
const encoder = new TextEncoder()

/** @throws TransferError `BAD_OPTION` */
export function checkUpload(options: UploadOptions): void {
  const { key, sha256, metadata } = options
  checkKey(key)
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) throw bad('sha256 must be 64 lower-case hex digits')
  if (options.contentType !== undefined && !/^[\x20-\x7e]{1,200}$/.test(options.contentType)) {
    throw bad('contentType must be printable ASCII')
  }
  if (metadata !== undefined) checkMetadata(metadata)
}

/** @throws TransferError `BAD_OPTION` */
function checkMetadata(metadata: Readonly<Record<string, string>>): void {
  let size = 0
  for (const [name, value] of Object.entries(metadata)) {
    if (!/^[a-z0-9-]{1,100}$/.test(name)) throw bad(`the metadata name ${JSON.stringify(name)} has other characters`)
    if (name === 'sha256') throw bad('the metadata name sha256 is taken; give sha256 by itself')
    if (!/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)) throw bad(`metadata ${name} is not printable ASCII`)
    size += name.length + value.length
  }
  if (size > MOST_METADATA) throw bad(`metadata have ${size} bytes; ${MOST_METADATA} are allowed`)
}

/** @throws TransferError `BAD_OPTION` */
function checkKey(key: string): void {
  const bytes = encoder.encode(key).length
  if (bytes === 0 || bytes > MOST_KEY_BYTES) throw bad(`the key must have 1 to ${MOST_KEY_BYTES} bytes`)
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x1f\x7f\ud800-\udfff]/u.test(key)) throw bad('the key has control characters')
  if (/(?:^|\/)\.{0,2}(?:\/|$)/.test(key)) {
    throw bad(`the key ${JSON.stringify(key)} has an empty, "." or ".." segment`)
  }
}

/** @returns the hash @throws TransferError `SOURCE_MISMATCH` when another one was wanted */
export function checkHash(source: string, hex: string | null, wanted: string | undefined): string | null {
  if (wanted === undefined || hex === wanted) return hex
  const text = `${source} has the SHA-256 ${hex}, not ${wanted}; nothing was stored.`
  throw new TransferError('SOURCE_MISMATCH', text, { retryable: false })
}

function bad(text: string): TransferError {
  return new TransferError('BAD_OPTION', `Cannot upload: ${text}.`, { retryable: false })
}
