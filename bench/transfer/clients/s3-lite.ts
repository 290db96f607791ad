// s3-lite-client with 16 MiB parts.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { S3Client } from '@bradenmacdonald/s3-lite-client'
import { forEachFile, readTask, timed } from './task.ts'

const task = readTask()
const { endpoint: endPoint, bucket, accessKeyId: accessKey, secretAccessKey: secretKey } = task
const client = new S3Client({ endPoint, bucket, accessKey, secretKey, region: 'us-east-1', pathStyle: true })

await timed(() =>
  forEachFile(task, async ({ path, key }) => {
    const body = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>
    await client.putObject(key, body, { size: (await stat(path)).size, partSize: 16 * 1024 * 1024 })
  }),
)
