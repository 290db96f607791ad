// Uploads one file as a process of its own, to be killed; says when it begins and what came out.
import { createDirectSessions, createNodeTransfer, fromPath } from '@sluice/transfer/node'

/** The first argument, as JSON. */
interface Job {
  readonly endpoint: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly path: string
  readonly key: string
  readonly journalFile: string
  readonly partSize: number
  readonly workers: number
}

const job = JSON.parse(process.argv[2] ?? '') as Job
const { endpoint, bucket, accessKeyId, secretAccessKey, journalFile, partSize, workers } = job
const transfer = createNodeTransfer({
  sessions: createDirectSessions({ bucket, endpoint, credentials: { accessKeyId, secretAccessKey } }),
  journalFile,
  partSize,
  concurrency: workers,
})
console.log('begin')
const { sha256 } = await transfer.upload(fromPath(job.path), { key: job.key })
console.log(`done ${sha256}`)
transfer.close()
