// Pairs of multipart/init and part-url per second over sockets, with two gateway
// processes on one SQLite file and this process as their client, all on the machine's cores. Requests are signed between
// the measured rounds. The bucket is simulated: every call to it takes STORE_MS.
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Hotkey, publicKeyOf } from '@sluice/hotkey'
import { createSigner } from '@sluice/signing'
import { bundle } from '../scripts/bundle.ts'
import { readFlags, wholeNumber } from '../scripts/flags.ts'
import { loadVerifier } from '@sluice/hotkey/wasm'
import { measureLambda } from './gateway-lambda.ts'
import { openConnection, requestBytes } from './gateway-client.ts'
import { fastHotkey } from '../scripts/gateway/hotkey.ts'
import { BASE, uploadIdOf } from '../scripts/gateway/parts.ts'
import { type Pair, quantile, round } from './gateway-rounds.ts'

const STORE_MS = 20
const CONCURRENCY = 200
const PAIRS = 3_000
const OPEN = 1_000
const PROCESSES = 2

const usage = `Usage: pnpm bench:gateway [--seconds N] [--json]

Pairs of multipart/init and part-url per second, over sockets: two gateway processes on one SQLite file, one client;
200 requests at once, then p99 at half the rate that this gave.
  --seconds N   measured time, default 20; 600 shows whether memory stays flat
  --json        one line for programs
`
const values = readFlags(usage, {
  seconds: { type: 'string', default: '20' },
  json: { type: 'boolean', default: false },
})
const seconds = wholeNumber('seconds', values.seconds, 1)
const asJson = values.json

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
const workers: ChildProcess[] = []
let counter = 0
try {
  const hotkeys = await Promise.all(Array.from({ length: 256 }, fastHotkey))
  const ports = await startWorkers(hotkeys.map(({ address }) => address))
  const connections = Array.from({ length: CONCURRENCY }, (_, n) => openConnection(ports[n % ports.length]!))
  const verifyUs = await measureVerify(hotkeys[0]!)
  await round(await prepare(hotkeys, 500), connections)

  const latencies: number[] = []
  let pairs = 0
  let busyMs = 0
  // The first full round warms up code and caches; memory is compared from then on.
  await round(await prepare(hotkeys, PAIRS), connections)
  const before = await used()
  while (busyMs < seconds * 1000) {
    const prepared = await prepare(hotkeys, PAIRS)
    const started = performance.now()
    for (const latency of await round(prepared, connections)) latencies.push(latency)
    busyMs += performance.now() - started
    pairs += prepared.length
  }
  const after = await used()
  const rssGrowth = (after.rss - before.rss) / 1024 / 1024
  const cpuMs = (after.cpuMs - before.cpuMs) / pairs
  const perSecond = (pairs * 1000) / busyMs
  const atHalf = quantile(await round(await prepare(hotkeys, PAIRS), connections, perSecond / 2), 0.99)
  for (const connection of connections) connection.close()
  const lambda = await measureLambda(folder)
  const result = {
    inits_per_s: Math.round(perSecond),
    p99_ms: round1(quantile(latencies, 0.99)),
    verify_us: Math.round(verifyUs),
    rss_growth_mb: round1(rssGrowth),
    lambda_cold_ms: Math.round(lambda.coldMs),
    lambda_bundle_kb: Math.round(lambda.bytes / 1024),
  }
  console.log(asJson ? JSON.stringify(result) : describe(result, pairs, cpuMs, atHalf))
} finally {
  for (const worker of workers) worker.kill()
  rmSync(folder, { recursive: true, force: true })
}

function describe(result: Readonly<Record<string, number>>, pairs: number, cpuMs: number, atHalf: number): string {
  const lines = Object.entries(result).map(([name, value]) => `${name.padEnd(18)} ${value}`)
  const how =
    `${pairs} pairs of init and part-url, ${CONCURRENCY} at once, ${OPEN} uploads open, ${PROCESSES} gateway processes ` +
    `and their client on ${availableParallelism()} cores, bucket simulated at ${STORE_MS} ms per call; p99 is of single requests. The gateways ` +
    `took ${cpuMs.toFixed(2)} ms of processor time per pair; other load on the machine shows in the rate, not in that. At ` +
    `half that rate, at even times over the same connections, p99 is ${round1(atHalf)} ms.`
  return `${lines.join('\n')}\n\n${how}`
}

async function startWorkers(hotkeys: readonly string[]): Promise<number[]> {
  const settings = { hotkeys, stateFile: join(folder, 'state.sqlite'), storeMs: STORE_MS, keepOpen: OPEN / PROCESSES }
  // As it is deployed: what runs TypeScript directly names every closure at each call.
  const build = join(folder, 'worker')
  await bundle({ worker: fileURLToPath(new URL('./gateway-worker.ts', import.meta.url)) }, build)
  symlinkSync(fileURLToPath(new URL('../packages/sqlite/node_modules', import.meta.url)), join(build, 'node_modules'))
  return await Promise.all(
    Array.from({ length: PROCESSES }, async () => {
      const worker = fork(join(build, 'worker.mjs'), [JSON.stringify(settings)], { execArgv: ['--expose-gc'] })
      workers.push(worker)
      return (await message<{ port: number }>(worker)).port
    }),
  )
}

async function message<T>(worker: ChildProcess): Promise<T> {
  return await new Promise((resolve, reject) => {
    worker.once('message', (value) => resolve(value as T))
    worker.once('exit', () => reject(new Error('a gateway process ended')))
  })
}

/** Memory and processor time of all gateway processes. */
async function used(): Promise<{ rss: number; cpuMs: number }> {
  const sum = { rss: 0, cpuMs: 0 }
  for (const worker of workers) {
    worker.send('memory')
    const { rss, cpuMs } = await message<{ rss: number; cpuMs: number }>(worker)
    sum.rss += rss
    sum.cpuMs += cpuMs
  }
  return sum
}

async function prepare(hotkeys: readonly Hotkey[], count: number): Promise<Pair[]> {
  const signers = hotkeys.map((hotkey) => createSigner({ hotkey }))
  return await Promise.all(
    Array.from({ length: count }, async (_, n): Promise<Pair> => {
      const signer = signers[n % signers.length]!
      const make = async (target: string, value: object): Promise<Uint8Array> => {
        const body = new TextEncoder().encode(JSON.stringify(value))
        return requestBytes(target, await signer.authorize({ method: 'POST', url: BASE + target, body }), body)
      }
      const key = `files/f${process.pid}-${counter++}`
      const part_size = 8 * 1024 * 1024
      const parts = [1, 2, 3, 4].map((part_number) => ({ part_number, bytes: part_size, checksum_crc32: 'AAAAAA==' }))
      return [
        await make('/uploads/multipart/init', { key, bytes: part_size * 100, part_size }),
        await make('/uploads/multipart/part-url', { upload_id: uploadIdOf(key), key, parts }),
      ]
    }),
  )
}

async function measureVerify(hotkey: Hotkey): Promise<number> {
  const verify = await loadVerifier()
  const publicKey = publicKeyOf(hotkey.address)
  const messages = Array.from({ length: 1000 }, (_, n) => new TextEncoder().encode(`${n}`.padEnd(400, 'x')))
  const signatures = await Promise.all(messages.map(async (message) => await hotkey.sign(message)))
  let started = 0
  for (const [n, message] of messages.entries()) {
    if (n === 200) started = performance.now()
    if (!verify(message, signatures[n]!, publicKey)) throw new Error('a good signature was refused')
  }
  return ((performance.now() - started) * 1000) / 800
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}
