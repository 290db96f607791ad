import { startS3Server } from '@sluice/dev-s3'
import { describeBackend } from '../src/port/contract.ts'
import { directBackend } from './bucket.ts'

const outside = process.env['SLUICE_TEST_S3_ENDPOINT']

interface Place {
  readonly url: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly close: () => Promise<void>
}

/** The devnet's strict server, or any store that the environment names (its bucket `sluice-contract` must exist). */
async function startPlace(): Promise<Place> {
  if (outside === undefined) return await startS3Server({ buckets: ['sluice-contract'] })
  return {
    url: outside,
    accessKeyId: process.env['SLUICE_TEST_S3_ACCESS_KEY'] ?? '',
    secretAccessKey: process.env['SLUICE_TEST_S3_SECRET_KEY'] ?? '',
    close: async () => undefined,
  }
}

describeBackend('s3', async () => {
  const place = await startPlace()
  const backend = directBackend({
    bucket: process.env['SLUICE_TEST_S3_BUCKET'] ?? 'sluice-contract',
    prefix: `run-${process.hrtime.bigint()}/data/hotkey=5Test/`,
    endpoint: place.url,
    credentials: { accessKeyId: place.accessKeyId, secretAccessKey: place.secretAccessKey },
  })
  return { backend, close: () => place.close() }
})
