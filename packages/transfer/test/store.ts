import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'
import { type DevS3, startS3Server } from '@sluice/dev-s3'
import { afterAll, afterEach, beforeAll } from 'vitest'
import type { TransferEvent, UploadSessions } from '../src/index.ts'
import {
  createDirectSessions,
  createNodeTransfer,
  type NodeTransfer,
  type NodeTransferOptions,
} from '../src/node/index.ts'

export const MIB = 1024 * 1024
const BUCKET = 'transfer'
const environment = process.env

/** A store for tests: the one named by SLUICE_TEST_S3_ENDPOINT, else the devnet's. */
export interface Store {
  readonly endpoint: string
  readonly bucket: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Null when it is an outside store. */
  readonly devnet: DevS3 | null
  /** Every test run has its own. */
  readonly prefix: string
  readonly sdk: S3Client
  sessions(endpoint?: string): UploadSessions
  transfer(options?: Partial<NodeTransferOptions>): NodeTransfer
  object(key: string): Promise<{ readonly sha256: string; readonly bytes: Buffer }>
  head(key: string): Promise<{ readonly metadata: Record<string, string>; readonly encoding: string | undefined }>
  openUploads(): Promise<number>
}

/** Retries without long waits. */
export const quick = { baseMs: 2, capMs: 30 }

/** One store for the tests of a file; faults and transfers end with each test. */
export function useStore(options: { readonly alwaysDevnet?: boolean } = {}): { readonly current: Store } {
  const holder: { current: Store } = { current: undefined as unknown as Store }
  const opened: NodeTransfer[] = []
  beforeAll(async () => {
    const outside = options.alwaysDevnet === true ? undefined : environment['SLUICE_TEST_S3_ENDPOINT']
    const devnet = outside === undefined || outside === '' ? await startS3Server({ buckets: [BUCKET] }) : null
    const endpoint = devnet?.url ?? outside ?? ''
    const credentials = {
      accessKeyId: devnet?.accessKeyId ?? environment['SLUICE_TEST_S3_ACCESS_KEY'] ?? '',
      secretAccessKey: devnet?.secretAccessKey ?? environment['SLUICE_TEST_S3_SECRET_KEY'] ?? '',
    }
    const bucket = devnet === null ? (environment['SLUICE_TEST_S3_BUCKET'] ?? BUCKET) : BUCKET
    const prefix = `t-${randomBytes(6).toString('hex')}/`
    const sdk = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
    const sessions = (at = endpoint): UploadSessions =>
      createDirectSessions({ bucket, prefix, endpoint: at, credentials })
    holder.current = {
      endpoint,
      bucket,
      credentials,
      devnet,
      prefix,
      sdk,
      sessions,
      transfer: (more = {}) => {
        const transfer = createNodeTransfer({ sessions: sessions(), retry: quick, stallMs: 5000, ...more })
        opened.push(transfer)
        return transfer
      },
      object: async (key) => {
        const reply = await sdk.send(new GetObjectCommand({ Bucket: bucket, Key: prefix + key }))
        const bytes = Buffer.from((await reply.Body?.transformToByteArray()) ?? [])
        return { bytes, sha256: sha256(bytes) }
      },
      head: async (key) => {
        const reply = await sdk.send(new HeadObjectCommand({ Bucket: bucket, Key: prefix + key }))
        return { metadata: reply.Metadata ?? {}, encoding: reply.ContentEncoding }
      },
      openUploads: async () => {
        const reply = await sdk.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }))
        return reply.Uploads?.length ?? 0
      },
    }
  })
  afterEach(() => {
    holder.current.devnet?.faults.clear()
    for (const transfer of opened.splice(0)) transfer.close()
  })
  afterAll(async () => {
    holder.current.sdk.destroy()
    await holder.current.devnet?.close()
  })
  return holder
}

/** A folder that goes with the tests of the file. */
export function useFolder(): { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'sluice-transfer-'))
  afterAll(() => rmSync(path, { recursive: true, force: true }))
  return { path }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Bytes that look random and are the same for the same seed. */
export function bytesOf(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = seed >>> 0 || 1
  for (let at = 0; at + 4 <= length; at += 4) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes.writeInt32LE(state | 0, at)
  }
  bytes.fill(seed & 255, length - (length % 4))
  return bytes
}

/** Collects the events of an upload. */
export function watch(): { readonly events: TransferEvent[]; readonly onEvent: (event: TransferEvent) => void } {
  const events: TransferEvent[] = []
  return { events, onEvent: (event) => void events.push(event) }
}

export async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
