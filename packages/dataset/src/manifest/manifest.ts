import { hash } from 'node:crypto'
import { type Hotkey, isSignedBy, publicKeyOf } from '@sluice/hotkey'
import { canonicalize } from 'json-canonicalize'
import { z } from 'zod'
import { MANIFEST_PAYLOAD_TYPE, parseJson, preAuthEncoding, readEnvelope, writeEnvelope } from './dsse.ts'
import { DatasetError } from '../errors.ts'
import { isSafePath, parsePartKey } from '../keys.ts'

/** The largest manifest that is written, and that anybody but its own miner reads; envelope included. Some 120,000 files. */
export const MAX_MANIFEST_BYTES: number = 32 * 1024 * 1024
/** What the writer allowed before: such a manifest is still read by its own miner, which goes on from it. */
export const MAX_FORMER_MANIFEST_BYTES: number = 64 * 1024 * 1024

/** One live file of a miner. `rows`, `source` and `hour` are null for files below `files/`. */
export interface ManifestFile {
  /** Relative to the miner's root. */
  readonly path: string
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
  readonly rows: number | null
  readonly source: string | null
  /** Hours since 1970; the file says `bucket`. */
  readonly hour: number | null
}

/** The full list of a miner's live files in one backend. */
export interface Manifest {
  readonly v: 1
  /** `s3`, `huggingface`, … */
  readonly backend: string
  readonly netuid: number
  /** ss58 */
  readonly hotkey: string
  /** Counted per backend, larger in every manifest than in the one before. */
  readonly sequence: number
  /** SHA-256 of the previous manifest file, null for the first. */
  readonly previous: string | null
  /** The block at which the policy was read. */
  readonly policyBlock: number
  /** ISO 8601 in UTC. */
  readonly createdAt: string
  /** Sorted by path, every path once. */
  readonly files: readonly ManifestFile[]
}

/** What a reader demands of a manifest beside a good signature. */
export interface ManifestExpectation {
  readonly hotkey: string
  readonly netuid?: number
  readonly backend?: string
  /** Default `MAX_MANIFEST_BYTES`. */
  readonly maxBytes?: number
}

const count = z.int().min(0)
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)
/** A file as it is written: its hour has been called `bucket` since the first manifest. */
type WrittenFile = Omit<ManifestFile, 'hour'> & { readonly bucket: number | null }

const writtenFile = z
  .strictObject({
    path: z.string().refine(isSafePath),
    bytes: count,
    sha256: sha256Hex,
    rows: count.nullable(),
    source: z.string().nullable(),
    bucket: count.nullable(),
  })
  .refine(isPlacedRight, 'rows, source and bucket belong to partition files, null to files/…')

const manifestSchema = z.strictObject({
  v: z.literal(1),
  backend: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  netuid: z.int().min(0).max(65535),
  hotkey: z.string().max(64),
  sequence: count,
  previous: sha256Hex.nullable(),
  policyBlock: count,
  createdAt: z.iso.datetime(),
  files: z.array(writtenFile).refine(isSortedByPath, 'the paths must be sorted and unique'),
})

/** A partition file says the same in its path and beside it; any other file lies below `files/`. */
function isPlacedRight(file: WrittenFile): boolean {
  const key = parsePartKey(file.path)
  if (!key) {
    return file.path.startsWith('files/') && file.rows === null && file.source === null && file.bucket === null
  }
  return (
    file.rows !== null && file.source === key.source && file.bucket === key.hour && file.sha256.startsWith(key.sha256)
  )
}

function isSortedByPath(files: readonly { readonly path: string }[]): boolean {
  return files.every((file, at) => at === 0 || files[at - 1]!.path < file.path)
}

/**
 * The manifest as canonical JSON (RFC 8785) in a DSSE envelope signed by the hotkey; the bytes of `manifest.json`.
 * Files may come in any order. Signatures are randomised: two calls give different bytes.
 * @throws DatasetError `BAD_MANIFEST`, `MANIFEST_TOO_LARGE`, `WRONG_MANIFEST` (signer is another hotkey), `BAD_SIGNATURE`;
 * HotkeyError
 */
export async function sealManifest(manifest: Manifest, signer: Hotkey): Promise<Uint8Array> {
  const sorted = [...manifest.files].sort((a, b) => (a.path < b.path ? -1 : 1))
  const files = sorted.map(({ hour, ...file }) => ({ ...file, bucket: hour }))
  const checked = checkManifest({ ...manifest, files })
  if (signer.address !== checked.hotkey) {
    throw new DatasetError('WRONG_MANIFEST', `the manifest is of ${checked.hotkey}, the signer is ${signer.address}`)
  }
  const publicKey = publicKeyOf(checked.hotkey)
  const payload = Buffer.from(canonicalize(checked), 'utf8')
  const unsigned = { payloadType: MANIFEST_PAYLOAD_TYPE, payload, keyid: checked.hotkey }
  const bytes = writeEnvelope({ ...unsigned, signature: new Uint8Array(64) }).length
  if (bytes > MAX_MANIFEST_BYTES) {
    const text = `a manifest of ${files.length} files has ${bytes} bytes, and no validator reads more than ${MAX_MANIFEST_BYTES}`
    throw new DatasetError('MANIFEST_TOO_LARGE', `${text}; keep fewer files there`)
  }
  const message = preAuthEncoding(MANIFEST_PAYLOAD_TYPE, payload)
  const signature = await signer.sign(message)
  if (!isSignedBy(publicKey, message, signature)) {
    throw new DatasetError('BAD_SIGNATURE', 'the signer gave a signature that its own address does not verify')
  }
  return writeEnvelope({ ...unsigned, signature })
}

/**
 * Verifies and reads a manifest file. `sha256` is that of the whole file, for `previous` of the next one.
 * Size first, then the signature, then the content: nothing unsigned is looked into.
 * @throws DatasetError `BAD_MANIFEST`, `BAD_SIGNATURE`, `WRONG_MANIFEST`; HotkeyError (in `expected`)
 */
export function openManifest(
  bytes: Uint8Array,
  expected: ManifestExpectation,
): { readonly manifest: Manifest; readonly sha256: string } {
  const { maxBytes = MAX_MANIFEST_BYTES } = expected
  if (bytes.length > maxBytes) {
    throw new DatasetError('BAD_MANIFEST', `the manifest has ${bytes.length} bytes, ${maxBytes} are allowed`)
  }
  const publicKey = publicKeyOf(expected.hotkey)
  const envelope = readEnvelope(bytes)
  if (envelope.payloadType !== MANIFEST_PAYLOAD_TYPE) {
    throw new DatasetError('BAD_MANIFEST', 'the envelope holds something else than a manifest')
  }
  const message = preAuthEncoding(envelope.payloadType, envelope.payload)
  if (envelope.keyid !== expected.hotkey || !isSignedBy(publicKey, message, envelope.signature)) {
    throw new DatasetError('BAD_SIGNATURE', `the manifest is not signed by ${expected.hotkey}`)
  }
  const value = parseJson(envelope.payload)
  const written = checkManifest(value)
  if (!Buffer.from(canonicalize(written), 'utf8').equals(envelope.payload)) {
    throw new DatasetError('BAD_MANIFEST', 'the manifest is not canonical JSON (RFC 8785)')
  }
  expectSame('hotkey', written.hotkey, expected.hotkey)
  expectSame('netuid', written.netuid, expected.netuid)
  expectSame('backend', written.backend, expected.backend)
  const files = written.files.map(({ bucket, ...file }) => ({ ...file, hour: bucket }))
  return { manifest: { ...written, files }, sha256: hash('sha256', bytes) }
}

function checkManifest(value: unknown): Omit<Manifest, 'files'> & { readonly files: readonly WrittenFile[] } {
  const parsed = manifestSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  throw new DatasetError('BAD_MANIFEST', `the manifest is malformed at ${path.join('.') || 'its root'}: ${message}`)
}

function expectSame(what: string, actual: string | number, expected: string | number | undefined): void {
  if (expected !== undefined && actual !== expected) {
    throw new DatasetError('WRONG_MANIFEST', `the manifest is for ${what} ${actual}, not ${expected}`)
  }
}
