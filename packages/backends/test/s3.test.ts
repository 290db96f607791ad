import { startS3Server } from '@sluice/dev-s3'
import { createS3Backend } from '../src/s3.ts'
import { describeBackend } from '../src/port/contract.ts'

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

describeBackend('s3', () => setup({}))
// Everything above one byte in parts, two of them in flight at the end of the large file.
describeBackend('s3 in parts', () => setup({ multipartAbove: 1_000_000, partBytes: 5 * 1024 * 1024 }))

async function setup(sizes: { multipartAbove?: number; partBytes?: number }) {
  const place = await startPlace()
  const backend = createS3Backend({
    bucket: process.env['SLUICE_TEST_S3_BUCKET'] ?? 'sluice-contract',
    prefix: `run-${process.hrtime.bigint()}/data/hotkey=5Test/`,
    endpoint: place.url,
    credentials: { accessKeyId: place.accessKeyId, secretAccessKey: place.secretAccessKey },
    ...sizes,
  })
  return { backend, close: () => place.close() }
}
