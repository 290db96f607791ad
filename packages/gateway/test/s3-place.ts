import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { type DevS3, startS3Server } from '@sluice/dev-s3'

/** A bucket under test. */
export interface S3Place {
  readonly url: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly bucket: string
  /** Null on a real server, which does not fail on demand. */
  readonly faults: DevS3['faults'] | null
  close(): Promise<void>
}

const outside = process.env['SLUICE_TEST_S3_ENDPOINT'] ?? ''
export const isOutside: boolean = outside !== ''

/** A new bucket: of the server that the environment names (scripts/test-s3.ts does), else of a devnet server of its own. */
export async function openPlace(): Promise<S3Place> {
  if (!isOutside) {
    const server = await startS3Server({ buckets: ['subnet'] })
    const { url, region, accessKeyId, secretAccessKey, faults } = server
    return { url, region, accessKeyId, secretAccessKey, faults, bucket: 'subnet', close: () => server.close() }
  }
  const accessKeyId = process.env['SLUICE_TEST_S3_ACCESS_KEY'] ?? ''
  const secretAccessKey = process.env['SLUICE_TEST_S3_SECRET_KEY'] ?? ''
  const place = { url: outside.replace(/\/$/, ''), region: 'us-east-1', accessKeyId, secretAccessKey }
  const bucket = `gateway-${randomUUID()}`
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint: place.url, region: place.region, forcePathStyle: true, credentials })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
  return { ...place, bucket, faults: null, close: async () => undefined }
}
