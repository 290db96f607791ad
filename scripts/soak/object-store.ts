import { createHash } from 'node:crypto'
import {
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import type { DevS3 } from '@sluice/dev-s3'

/** The store as it is, asked past the bad line. */
export interface StoreTruth {
  /** Hex SHA-256 of the object; null when there is none. */
  sha256(key: string): Promise<string | null>
  /** Parts and uploads that lie on the server below a key. */
  leftovers(prefix: string): Promise<number>
  close(): void
}

export function openStoreTruth({ url, region, accessKeyId, secretAccessKey }: DevS3, Bucket: string): StoreTruth {
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint: url, region, credentials, forcePathStyle: true })
  return {
    async sha256(Key) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
        const hash = createHash('sha256')
        for await (const chunk of Body as AsyncIterable<Uint8Array>) hash.update(chunk)
        return hash.digest('hex')
      } catch (error) {
        if (error instanceof S3ServiceException && error.name === 'NoSuchKey') return null
        throw error
      }
    },
    async leftovers(Prefix) {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix }))
      let count = Uploads.length
      for (const { Key, UploadId } of Uploads) {
        count += (await client.send(new ListPartsCommand({ Bucket, Key, UploadId }))).Parts?.length ?? 0
      }
      return count
    },
    close: () => client.destroy(),
  }
}
