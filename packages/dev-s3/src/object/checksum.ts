import { createHash } from 'node:crypto'
import { crc32, crc32c, crc64nvme, type RunningDigest } from './crc.ts'
import { S3Error } from '../http/error.ts'

/** Additional checksums of S3 in this server; the wire names are the same in lower case. */
export const ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

export interface Checksum {
  readonly algorithm: Algorithm
  /** base64, with `-N` behind it when it is composite. */
  readonly value: string
  readonly type: ChecksumType
}

export function createDigest(algorithm: Algorithm): RunningDigest {
  switch (algorithm) {
    case 'CRC32':
      return crc32()
    case 'CRC32C':
      return crc32c()
    case 'CRC64NVME':
      return crc64nvme()
    default:
      return createHash(algorithm.toLowerCase())
  }
}

export function checksumHeader(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`
}

/** The XML element of a checksum, `ChecksumCRC32`. */
export function checksumElement(algorithm: Algorithm): `Checksum${Algorithm}` {
  return `Checksum${algorithm}`
}

/** @throws S3Error `InvalidRequest` for a name that S3 does not know. */
export function parseAlgorithm(name: string): Algorithm {
  const found = ALGORITHMS.find((algorithm) => algorithm === name.toUpperCase())
  if (found === undefined) throw new S3Error('InvalidRequest', `Checksum algorithm ${name} is not supported.`)
  return found
}

/** The checksum a client announced in a header, or null. Two at once are refused. */
export function announcedChecksum(
  headers: Readonly<Record<string, string>>,
): { algorithm: Algorithm; value: string } | null {
  const found = ALGORITHMS.filter((algorithm) => headers[checksumHeader(algorithm)] !== undefined)
  if (found.length > 1) throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header.')
  const [algorithm] = found
  if (algorithm === undefined) return null
  return { algorithm, value: headers[checksumHeader(algorithm)] ?? '' }
}

/** Response headers of a stored checksum. */
export function checksumHeaders(checksum: Checksum | null): Record<string, string> {
  if (checksum === null) return {}
  return { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type }
}

/** COMPOSITE: the checksum over the binary checksums of the parts, then `-N`. */
export function compositeChecksum(algorithm: Algorithm, parts: readonly string[]): Checksum {
  const digest = createDigest(algorithm)
  for (const part of parts) digest.update(Buffer.from(part, 'base64'))
  return { algorithm, value: `${digest.digest().toString('base64')}-${parts.length}`, type: 'COMPOSITE' }
}
