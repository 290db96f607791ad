import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A real S3 server and the keys to it. */
export interface S3Endpoint {
  readonly url: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const root = fileURLToPath(new URL('..', import.meta.url))
const script = join(root, 'scripts/ceph.sh')
/** Where Ceph's packages are kept between runs. */
export const radosgwCache: string = process.env['SLUICE_CEPH_CACHE'] ?? join(root, 'node_modules/.cache/ceph')

/** Downloads what is missing, once: about 160 MB. @throws Error; the script has said why */
export function installRadosgw(): void {
  ceph('install', radosgwCache)
}

/** A radosgw with an empty memory store, which is gone when it is stopped. @throws Error; the script has said why */
export async function startRadosgw(): Promise<S3Endpoint & { stop(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ceph-'))
  const run = join(folder, 'run')
  const stop = (): void => {
    ceph('stop', radosgwCache, run)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const url = ceph('start', radosgwCache, run, String(await freePorts()))
    return { url, accessKeyId: 'TESTKEY', secretAccessKey: 'TESTSECRET', stop }
  } catch (error) {
    stop()
    throw error
  }
}

/** What the script printed. */
function ceph(...words: string[]): string {
  const result = spawnSync('sh', [script, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (result.status === 0) return result.stdout.trim()
  throw new Error(`scripts/ceph.sh ${words[0]} failed${result.error === undefined ? '' : `: ${result.error.message}`}`)
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
