import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBucket } from '../packages/devnet/src/make-bucket.ts'
import { installRadosgw, radosgwCache, type S3Endpoint, startRadosgw } from './radosgw.ts'

// Runs every suite that talks to S3 against a real server: the one named by SLUICE_TEST_S3_ENDPOINT (with
// SLUICE_TEST_S3_ACCESS_KEY and SLUICE_TEST_S3_SECRET_KEY), else a Ceph radosgw started for this run.

const SUITES = [
  'packages/dev-s3/test/conformance/',
  'packages/backends/test/s3',
  'packages/backends/test/gateway-contract',
  'packages/transfer/test/',
  'packages/gateway-api/test/',
  'packages/gateway/test/uploads',
  'packages/gateway/test/compat/',
  'packages/gateway/test/threats/',
  'packages/storage/test/transfer-cli',
]
const root = fileURLToPath(new URL('..', import.meta.url))
/** Suites that need a bucket of their own find it here. */
const bucket = process.env['SLUICE_TEST_S3_BUCKET'] ?? 'sluice-contract'

function outsideEndpoint(): (S3Endpoint & { stop(): void }) | null {
  const url = process.env['SLUICE_TEST_S3_ENDPOINT']
  if (url === undefined || url === '') return null
  const accessKeyId = process.env['SLUICE_TEST_S3_ACCESS_KEY'] ?? ''
  const secretAccessKey = process.env['SLUICE_TEST_S3_SECRET_KEY'] ?? ''
  return { url, accessKeyId, secretAccessKey, stop: () => undefined }
}

async function ownEndpoint(): Promise<S3Endpoint & { stop(): void }> {
  console.error(`test:s3: Ceph radosgw from ${radosgwCache} (the first time about 160 MB are downloaded)`)
  installRadosgw()
  return await startRadosgw()
}

function runSuites(endpoint: S3Endpoint): Promise<number> {
  const vitest = join(root, 'node_modules/.bin/vitest')
  const child = spawn(vitest, ['run', '--config', 'scripts/vitest.config.ts', ...SUITES, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      SLUICE_TEST_S3_ENDPOINT: endpoint.url,
      SLUICE_TEST_S3_ACCESS_KEY: endpoint.accessKeyId,
      SLUICE_TEST_S3_SECRET_KEY: endpoint.secretAccessKey,
      SLUICE_TEST_S3_BUCKET: bucket,
    },
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

try {
  const endpoint = outsideEndpoint() ?? (await ownEndpoint())
  try {
    console.error(`test:s3: testing against ${endpoint.url}`)
    await createBucket(endpoint, bucket)
    process.exitCode = await runSuites(endpoint)
  } finally {
    endpoint.stop()
  }
} catch (error) {
  console.error(`test:s3: ${(error as Error).message}`)
  console.error('test:s3: SLUICE_TEST_S3_ENDPOINT and its two keys name a server of your own.')
  process.exitCode = 1
}
