import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256, signHeaders } from '../packages/devnet/test/s3/signer.ts'

// Runs every suite that talks to S3 against a real server: the one named by SLUICE_TEST_S3_ENDPOINT (with
// SLUICE_TEST_S3_ACCESS_KEY and SLUICE_TEST_S3_SECRET_KEY), else a Ceph radosgw started for this run.

const SUITES = [
  'packages/devnet/test/s3/',
  'packages/backends/test/s3',
  'packages/gateway/test/uploads',
  'packages/gateway/test/compat',
  'packages/gateway/test/threats-',
]
const root = fileURLToPath(new URL('..', import.meta.url))
const script = join(root, 'scripts/ceph.sh')

interface Endpoint {
  readonly url: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  stop(): void
}

/** Two free ports in a row: gateway and monitor. */
async function freePorts(): Promise<number> {
  for (;;) {
    const first = await listen(0)
    const second = first === null ? null : await listen(first + 1)
    if (first !== null && second !== null) return first
  }
}

/** Opens and closes a port; null when it is taken. */
function listen(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => {
      const taken = (server.address() as AddressInfo).port
      server.close(() => resolve(taken))
    })
  })
}

function ceph(...words: string[]): { ok: boolean; output: string } {
  const result = spawnSync('sh', [script, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (result.error !== undefined) console.error(`test:s3: sh cannot be run: ${result.error.message}`)
  return { ok: result.status === 0, output: result.stdout?.trim() ?? '' }
}

function outsideEndpoint(): Endpoint | null {
  const url = process.env['SLUICE_TEST_S3_ENDPOINT']
  if (url === undefined || url === '') return null
  const accessKeyId = process.env['SLUICE_TEST_S3_ACCESS_KEY'] ?? ''
  const secretAccessKey = process.env['SLUICE_TEST_S3_SECRET_KEY'] ?? ''
  return { url, accessKeyId, secretAccessKey, stop: () => undefined }
}

/** Null after the reason was printed. */
async function startRadosgw(): Promise<Endpoint | null> {
  const cache = process.env['SLUICE_CEPH_CACHE'] ?? join(root, 'node_modules/.cache/ceph')
  console.error(`test:s3: Ceph radosgw from ${cache} (the first time about 160 MB are downloaded)`)
  if (!ceph('install', cache).ok) return null
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ceph-'))
  const run = join(folder, 'run')
  const stop = (): void => {
    ceph('stop', cache, run)
    rmSync(folder, { recursive: true, force: true })
  }
  const started = ceph('start', cache, run, String(await freePorts()))
  if (!started.ok) {
    stop()
    return null
  }
  return { url: started.output, accessKeyId: 'TESTKEY', secretAccessKey: 'TESTSECRET', stop }
}

/** Suites that need a bucket of their own find it in SLUICE_TEST_S3_BUCKET. */
async function createBucket(endpoint: Endpoint): Promise<string> {
  const bucket = process.env['SLUICE_TEST_S3_BUCKET'] ?? 'sluice-contract'
  const { url, accessKeyId, secretAccessKey } = endpoint
  const request = {
    method: 'PUT',
    path: `/${bucket}`,
    query: {},
    headers: { host: new URL(url).host },
    payload: sha256(''),
  }
  const signing = { accessKeyId, secretAccessKey, region: 'us-east-1', date: new Date() }
  const { host: _, ...headers } = signHeaders(request, signing).headers
  const reply = await fetch(new URL(`/${bucket}`, url), { method: 'PUT', headers })
  const text = await reply.text()
  if (!reply.ok && !text.includes('BucketAlreadyOwnedByYou')) {
    throw new Error(`test:s3: the bucket ${bucket} cannot be created at ${url}: ${reply.status} ${text}`)
  }
  return bucket
}

function runSuites(endpoint: Endpoint, bucket: string): Promise<number> {
  const vitest = join(root, 'node_modules/.bin/vitest')
  const child = spawn(vitest, ['run', '--config', 'scripts/vitest.config.ts', ...SUITES, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
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

const endpoint = outsideEndpoint() ?? (await startRadosgw())
if (endpoint === null) {
  console.error('test:s3: no real S3 server here. Set SLUICE_TEST_S3_ENDPOINT and its two keys to use one of your own.')
  process.exitCode = 1
} else {
  try {
    console.error(`test:s3: testing against ${endpoint.url}`)
    process.exitCode = await runSuites(endpoint, await createBucket(endpoint))
  } finally {
    endpoint.stop()
  }
}
