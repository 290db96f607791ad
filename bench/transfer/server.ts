import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sha256, signHeaders } from '../../packages/devnet/test/s3/signer.ts'

export interface Place {
  readonly endpoint: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Somewhere to upload to. Each run gets a fresh one where that is possible, so that no run pays for another. */
export interface Server extends Place {
  stop(): Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const script = join(root, 'scripts/ceph.sh')
const cache = process.env['SLUICE_CEPH_CACHE'] ?? join(root, 'node_modules/.cache/ceph')
const BUCKET = 'sluice-bench'

function ceph(...words: string[]): string {
  const { status, stdout } = spawnSync('sh', [script, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error('no Ceph radosgw here: name a server with --endpoint')
  return stdout.trim()
}

/** Downloads what is missing, once. */
export function installRadosgw(): void {
  ceph('install', cache)
}

/** A radosgw with an empty memory store. */
export async function startRadosgw(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-ceph-'))
  const run = join(folder, 'run')
  const stop = async (): Promise<void> => {
    ceph('stop', cache, run)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const endpoint = ceph('start', cache, run, String(await freePorts()))
    const place = { endpoint, bucket: BUCKET, accessKeyId: 'TESTKEY', secretAccessKey: 'TESTSECRET' }
    // The daemon goes to the background before it listens.
    for (let left = 100; left > 0 && !(await answers(endpoint)); left--) await sleep(100)
    await createBucket(place)
    return { ...place, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A server of somebody else; nothing is started or stopped. */
export async function useEndpoint(place: Place): Promise<Server> {
  await createBucket(place)
  return { ...place, stop: async () => undefined }
}

/** A server in a process of its own; it prints its URL. */
export async function startProcess(
  script: string,
  args: readonly string[],
  place: Omit<Place, 'endpoint'>,
): Promise<Server> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const endpoint = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}`)))
  })
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  return { ...place, endpoint, stop }
}

async function createBucket(place: Place): Promise<void> {
  const { endpoint, bucket } = place
  const request = {
    method: 'PUT',
    path: `/${bucket}`,
    query: {},
    headers: { host: new URL(endpoint).host },
    payload: sha256(''),
  }
  const { host: _, ...headers } = signHeaders(request, { ...place, region: 'us-east-1', date: new Date() }).headers
  const reply = await fetch(new URL(`/${bucket}`, endpoint), { method: 'PUT', headers })
  const text = await reply.text()
  if (!reply.ok && !text.includes('BucketAlreadyOwnedByYou')) {
    throw new Error(`the bucket ${bucket} cannot be created at ${endpoint}: ${reply.status}`)
  }
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    (reply) => reply.text().then(() => true),
    () => false,
  )
}

/** Two free ports in a row: gateway and monitor. */
async function freePorts(): Promise<number> {
  for (;;) {
    const first = await listen(0)
    const second = first === null ? null : await listen(first + 1)
    if (first !== null && second !== null) return first
  }
}

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
