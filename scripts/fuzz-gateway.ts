// Hostile keys, mutated requests and replays against the whole gateway.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hotkey } from '@sluice/hotkey'
import { createSigner } from '@sluice/signing'
import { fastHotkey } from './gateway/hotkey.ts'
import { BASE, benchGateway } from './gateway/parts.ts'
import { GatewayError } from '../packages/gateway/src/errors.ts'
import type { GatewayRequest } from '../packages/gateway/src/http/exchange.ts'
import { adoptedKey, ownKey, ownPrefix } from '../packages/gateway/src/keys.ts'
import { createPresigner } from '@sluice/presign'
import { readFlags, wholeNumber } from './flags.ts'
import { createRandom, hostileKey, mutate, oldHeaders, sample } from './fuzz/requests.ts'
import { hostileText } from './fuzz-gateway-texts.ts'

const usage = `fuzz:gateway [--keys N] [--requests N] [--replays N] [--seed N] [--json]
  --keys      hostile keys, each put through every way a key reaches the bucket; default 1000000
  --requests  mutated requests to the whole app, half of them with a verifier that accepts all; default 100000
  --replays   requests sent again, one after the other and at once; default 10000
  --seed      of keys and mutations, default 1
  --json      nothing but the result on standard output
Last line: {"foreign_prefix":…,"server_errors":…,"replays_accepted":…}; exit code 1 unless all are 0.`
const values = readFlags(usage, {
  keys: { type: 'string', default: '1000000' },
  requests: { type: 'string', default: '100000' },
  replays: { type: 'string', default: '10000' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
})
const keys = wholeNumber('keys', values.keys)
const requests = wholeNumber('requests', values.requests)
const replays = wholeNumber('replays', values.replays)
const seed = wholeNumber('seed', values.seed)
const say = (line: string): void => {
  if (!values.json) console.log(line)
}
const random = createRandom(seed)
const hotkey = await fastHotkey()
const other = await fastHotkey()
const prefix = `data/hotkey=${hotkey.address}/`
const folder = mkdtempSync(join(tmpdir(), 'sluice-fuzz-'))

/** Whether a presigned URL, read as a server reads it, lies outside the signer's prefix. */
function isForeign(url: string): boolean {
  const path = decodeURIComponent(new URL(url).pathname)
  return !path.startsWith(`/${prefix}`) || path.split('/').some((segment) => segment === '..' || segment === '.')
}

function fuzzKeys(): number {
  const presigner = createPresigner({ bucket: 'subnet', region: 'us-east-1', endpoint: null })
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  let foreign = 0
  let accepted = 0
  for (let n = 0; n < keys; n++) {
    const text = hostileKey(random, hotkey.address, other.address)
    const derive = [ownKey, ownPrefix, adoptedKey][n % 3]!
    try {
      const key = derive(hotkey.address, text)
      accepted++
      const { url } = presigner.presign({ method: 'PUT', key, expiresSeconds: 60 }, credentials, 0)
      if (!key.startsWith(prefix) || isForeign(url)) foreign++
    } catch (error) {
      if (!GatewayError.is(error)) throw error
    }
  }
  say(`${keys} keys, ${accepted} of them accepted, ${foreign} outside the signer's prefix`)
  return foreign
}

async function signed(by: Hotkey, request: ReturnType<typeof sample>): Promise<GatewayRequest> {
  const { method, target, body } = request
  const headers = await createSigner({ hotkey: by }).authorize({ method, url: BASE + target, body })
  const all = { host: 'gateway.example.com', ...headers, ...oldHeaders(random, by.address) }
  return { method, target, body, headers: all, address: '192.0.2.1' }
}

async function fuzzRequests(): Promise<{ foreign: number; errors: number }> {
  const options = { hotkeys: [hotkey.address], storeMs: 0, keepOpen: 200 }
  const strict = await benchGateway({ ...options, stateFile: join(folder, 'strict.sqlite') })
  const lax = await benchGateway({ ...options, stateFile: join(folder, 'lax.sqlite'), acceptAll: true })
  const counts = { foreign: 0, errors: 0 }
  const statuses = new Map<number, number>()
  const one = async (n: number): Promise<void> => {
    const gateway = n % 2 === 0 ? strict : lax
    const make = random(8) === 0 ? hostileText : sample
    const request = await signed(hotkey, make(random, hotkey.address, other.address))
    // With the strict one, half of the mutations come before the signature, so that they reach what lies behind it.
    const sent = n % 4 === 0 ? request : mutate(random, request)
    const { status, body } = await gateway.handle(sent)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (status >= 500 || status < 200) counts.errors++
    if (status === 200 && !READS.test(sent.target)) counts.foreign += objectUrls(body).filter(isForeign).length
  }
  for (let n = 0; n < requests; n += 50) {
    await Promise.all(Array.from({ length: Math.min(50, requests - n) }, (_, at) => one(n + at)))
  }
  await strict.state.close()
  await lax.state.close()
  const seen = [...statuses].sort(([one], [other]) => one - other).map(([status, count]) => `${status}: ${count}`)
  say(`${requests} requests; ${seen.join(', ')}`)
  return counts
}

/** Here a validator gets URLs of others by right. */
const READS = /^\/(?:reads\/|get-miner|get-validator|get-file-presigned|get-folder-presigned)/

/** Presigned URLs of objects in a reply; the bucket's own are lists and forms. */
function objectUrls(body: string): string[] {
  const urls = body.match(/https:\/\/subnet\.s3[^"\\]+/g) ?? []
  return urls.filter((url) => new URL(url).pathname !== '/')
}

async function fuzzReplays(): Promise<number> {
  const options = { hotkeys: [hotkey.address], storeMs: 0, stateFile: join(folder, 'replays.sqlite') }
  const gateway = await benchGateway(options)
  const body = new TextEncoder().encode('{}')
  let accepted = 0
  for (let sent = 0; sent < replays;) {
    const request = await signed(hotkey, { method: 'POST', target: '/uploads/list', body })
    const many = Math.min(100, replays - sent)
    const together = await Promise.all(Array.from({ length: many }, async () => (await gateway.handle(request)).status))
    const passed = together.filter((status) => status === 200).length
    if (passed === 0) throw new Error('not even the first request was accepted')
    accepted += passed - 1
    if ((await gateway.handle(request)).status === 200) accepted++
    sent += many
  }
  await gateway.state.close()
  say(`${replays} replays, ${accepted} accepted`)
  return accepted
}

try {
  const foreignKeys = fuzzKeys()
  const { foreign, errors } = await fuzzRequests()
  const result = { foreign_prefix: foreignKeys + foreign, server_errors: errors, replays_accepted: await fuzzReplays() }
  console.log(JSON.stringify(result))
  if (Object.values(result).some((count) => count > 0)) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
