import { createHash, randomBytes } from 'node:crypto'
import { GetObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'
import { startS3Server } from '@sluice/dev-s3'
import type { UploadSessions } from '@sluice/transfer'
import { createDirectSessions } from '@sluice/transfer/node'
import { afterAll, beforeAll } from 'vitest'

export const MIB = 1024 * 1024
const environment = process.env

/** A store behind the test's gateway: the one named by SLUICE_TEST_S3_ENDPOINT, else the devnet's. */
export interface Store {
  readonly sessions: UploadSessions
  object(key: string): Promise<{ sha256: string; metadata: Record<string, string>; encoding: string | undefined }>
  openUploads(): Promise<number>
}

export function useStore(): { readonly current: Store } {
  const holder: { current: Store } = { current: undefined as unknown as Store }
  let close: () => Promise<void>
  beforeAll(async () => {
    const outside = environment['SLUICE_TEST_S3_ENDPOINT'] ?? ''
    const bucket = environment['SLUICE_TEST_S3_BUCKET'] ?? 'gateway-api'
    const devnet = outside === '' ? await startS3Server({ buckets: [bucket] }) : null
    const endpoint = devnet?.url ?? outside
    const credentials = {
      accessKeyId: devnet?.accessKeyId ?? environment['SLUICE_TEST_S3_ACCESS_KEY'] ?? '',
      secretAccessKey: devnet?.secretAccessKey ?? environment['SLUICE_TEST_S3_SECRET_KEY'] ?? '',
    }
    const prefix = `t-${randomBytes(6).toString('hex')}/`
    const sdk = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
    const at = (key: string) => ({ Bucket: bucket, Key: prefix + key })
    close = async () => {
      sdk.destroy()
      await devnet?.close()
    }
    holder.current = {
      sessions: createDirectSessions({ bucket, prefix, endpoint, credentials }),
      object: async (key) => {
        const head = await sdk.send(new HeadObjectCommand(at(key)))
        const reply = await sdk.send(new GetObjectCommand(at(key)))
        const sha256 = sha256Of((await reply.Body?.transformToByteArray()) ?? new Uint8Array())
        return { sha256, metadata: head.Metadata ?? {}, encoding: head.ContentEncoding }
      },
      openUploads: async () => {
        const reply = await sdk.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }))
        return reply.Uploads?.length ?? 0
      },
    }
  })
  afterAll(async () => await close())
  return holder
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
