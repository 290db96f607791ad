import { crc32ToBase64 } from '../source/crc32.ts'
import { TransferError } from '../errors.ts'
import type { Hashing } from '../source/hashing.ts'
import type { StoredObject } from '../sessions/port.ts'

/** What shows that the bytes that came are the bytes that were stored. */
export type DownloadProof = 'sha256' | 'crc32'

export interface Expectation {
  /** Hex SHA-256 of the plain bytes. */
  readonly sha256: string | null
  /** base64, of the bytes as stored. */
  readonly crc32: string | null
}

/** What the caller, the metadata and the store say of the content. The caller's word goes before the metadata's. */
export function expectationOf(object: StoredObject, sha256: string | undefined): Expectation {
  const noted = object.metadata['sha256']
  const whole = object.crc32 !== null && /^[A-Za-z0-9+/]{6}==$/.test(object.crc32)
  return {
    sha256: sha256 ?? (noted !== undefined && /^[0-9a-f]{64}$/.test(noted) ? noted : null),
    crc32: whole ? object.crc32 : null,
  }
}

/** Checks the bytes as stored while they pass. Costs nothing when nothing is expected. */
export function createCrcCheck(
  hashing: Hashing,
  expected: string | null,
): {
  update(chunk: Uint8Array): void
  /** @throws TransferError `CORRUPT` */
  verify(key: string): void
} {
  let crc = 0
  return {
    update: (chunk) => {
      if (expected !== null) crc = hashing.crc32(chunk, crc)
    },
    verify: (key) => {
      if (expected !== null && crc32ToBase64(crc) !== expected) throw corrupt(key, 'CRC-32')
    },
  }
}

export function corrupt(key: string, what: string): TransferError {
  const text = `${key} did not arrive as it was stored: its ${what} differs. Try again; check the store.`
  return new TransferError('CORRUPT', text, { retryable: true })
}
