// Uploads one large sparse file through a devnet's gateway with `sluice-miner put`, killed on its way, and reads it back.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createBucketBackend, createGatewayAccess } from '@sluice/backends'
import { hotkeyFromUri, openChain, publishPolicy } from '@sluice/chain'
import { type Devnet, type DevMiner, startDevnet } from '@sluice/devnet'
import { createPolicy } from '@sluice/rollout'
import { readFlags, refuse, wholeNumber } from './flags.ts'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
const usage = `soak:gateway [--gib N] [--kills N] [--json]
  --gib    size of the file, default 5; as much is needed on the disk
  --kills  SIGKILLs, evenly over the upload, default 3
  --json   nothing but the result on standard output
Last line: {"bytes":…,"kills":…,"parts":…,"sent_again":…,"corrupt":…,"seconds":…}; exit code 1 when it is corrupt, or
more parts were sent again than the workers had on their way.`

const miner = fileURLToPath(new URL('../packages/storage/dist/main.js', import.meta.url))
const MIB = 1024 * 1024
const CONCURRENCY = 4
const KEY = 'files/soak/large.bin'

/** A hole with some bytes in every 16 MiB, so that no two parts are the same. */
async function makeFile(path: string, bytes: number): Promise<string> {
  const file = await open(path, 'w')
  for (let at = 0; at < bytes; at += 16 * MIB) await file.write(`block at ${at}`, at)
  await file.truncate(bytes)
  await file.close()
  return await hashOf(createReadStream(path, { highWaterMark: MIB }))
}

async function hashOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

async function publish(devnet: Devnet): Promise<void> {
  const chain = openChain({ endpoints: [devnet.chain.url] })
  const authEndpoint = devnet.gateway?.url ?? null
  const s3 = { bucketName: devnet.bucket, authEndpoint, region: devnet.s3.region }
  const policy = createPolicy({ useS3: true, useHuggingFace: true, rolloutPercentage: 100, s3 })
  const hotkey = await hotkeyFromUri(devnet.chain.owner.hotkeyUri)
  await publishPolicy(chain, { netuid: devnet.chain.netuid, hotkey, policy })
  await chain.close()
  await devnet.gateway?.refresh()
}

interface Ran {
  readonly code: number | null
  /** Numbers of the parts that this run stored. */
  readonly sent: readonly number[]
  readonly kept: number
}

/** One `sluice-miner put`, killed when so many bytes of the file are stored. */
async function put(devnet: Devnet, who: DevMiner, path: string, folder: string, killAt: number): Promise<Ran> {
  const flags = ['--key', KEY, '--json=events', '--concurrency', String(CONCURRENCY)]
  const child = spawn(process.execPath, [miner, 'put', path, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      SLUICE_NETUID: String(devnet.chain.netuid),
      SLUICE_CHAIN_ENDPOINT: devnet.chain.url,
      SLUICE_WALLET_PATH: devnet.walletPath,
      SLUICE_WALLET_NAME: who.walletName,
      SLUICE_STATE_FILE: join(folder, 'state.sqlite'),
      SLUICE_ALLOW_PRIVATE_ENDPOINTS: 'true',
    },
  })
  const closed = once(child, 'close') as Promise<[number | null]>
  const sent: number[] = []
  let kept = 0
  let stored = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { type: string; part_number: number; bytes: number; state: string }
    if (event.type !== 'part') continue
    stored += event.bytes
    if (event.state === 'kept') kept++
    else sent.push(event.part_number)
    if (stored >= killAt) child.kill('SIGKILL')
  }
  const [code] = await closed
  return { code, sent, kept }
}

async function run(bytes: number, kills: number, say: (line: string) => void): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-soak-'))
  const devnet = await startDevnet({ directory: join(folder, 'devnet'), miners: 1, gateway: true })
  try {
    await publish(devnet)
    const [who] = devnet.miners
    if (who === undefined) throw new Error('the devnet has no miner')
    const path = join(folder, 'large.bin')
    const sha256 = await makeFile(path, bytes)
    say(`a file of ${bytes} bytes, SHA-256 ${sha256}, through ${devnet.gateway?.url}`)
    const started = performance.now()
    const stored = new Map<number, number>()
    let parts = 0
    for (let kill = 1; kill <= kills + 1; kill++) {
      const killAt = kill > kills ? Infinity : (bytes * kill) / (kills + 1)
      const { code, sent, kept } = await put(devnet, who, path, folder, killAt)
      parts = kept + sent.length
      for (const part of sent) stored.set(part, (stored.get(part) ?? 0) + 1)
      say(
        `run ${kill}: ${kept} parts were there, ${sent.length} sent, ${code === null ? 'killed' : `exit code ${code}`}`,
      )
      if (kill > kills && code !== 0) throw new Error(`the last run ended with exit code ${code}`)
    }
    const seconds = Math.round((performance.now() - started) / 1000)
    const where = `s3://${devnet.bucket}/`
    const options = { endpoints: [devnet.gateway?.url ?? ''], hotkey: await hotkeyFromUri(who.uri), where }
    const access = createGatewayAccess({ ...options, allowPrivateEndpoints: true })
    const opened = await createBucketBackend(access).open(KEY)
    const found = opened === null ? 'nothing' : await hashOf(opened.body)
    say(`read back: SHA-256 ${found}`)
    const sentAgain = [...stored.values()].reduce((sum, count) => sum + count - 1, 0)
    const corrupt = found === sha256 && opened?.bytes === bytes ? 0 : 1
    return { bytes, kills, parts, sent_again: sentAgain, corrupt, seconds }
  } finally {
    await devnet.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const values = readFlags(usage, {
  gib: { type: 'string', default: '5' },
  kills: { type: 'string', default: '3' },
  json: { type: 'boolean', default: false },
})
const gib = Number(values.gib)
const kills = wholeNumber('kills', values.kills)
if (!(gib > 0 && gib <= 1024) || kills > 100) refuse('--gib is at most 1024 and above 0, --kills at most 100')
const result = await run(Math.round(gib * 1024) * MIB, kills, (line) => void (values.json || console.error(line)))
console.log(JSON.stringify(result))
process.exitCode = result['corrupt'] === 0 && (result['sent_again'] ?? 0) <= kills * CONCURRENCY ? 0 : 1
