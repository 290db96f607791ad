// The AWS SDK: lib-storage as it comes, with 16 MiB parts, or one PutObject per file.
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { forEachFile, readTask, timed } from './task.ts'

const task = readTask()
const { endpoint, bucket: Bucket, accessKeyId, secretAccessKey, mode } = task
const credentials = { accessKeyId, secretAccessKey }
const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
const settings = mode === '16x4' ? { partSize: 16 * 1024 * 1024, queueSize: 4 } : {}

await timed(() =>
  forEachFile(task, async ({ path, key: Key }) => {
    if (mode === 'put') await client.send(new PutObjectCommand({ Bucket, Key, Body: await readFile(path) }))
    else await new Upload({ client, params: { Bucket, Key, Body: createReadStream(path) }, ...settings }).done()
  }),
)
client.destroy()
