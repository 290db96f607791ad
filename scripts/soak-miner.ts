// Kills `sluice-miner upload` at random moments, over a whole devnet, and counts what is lost, repeated or stuck.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { hotkeyFromUri, openChain, publishPolicy } from '@sluice/chain'
import { type Devnet, startDevnet } from '@sluice/devnet'
import { createPolicy } from '@sluice/rollout'
import { readStatus } from '@sluice/storage'
import { readFlags, wholeNumber } from './flags.ts'
import { createSource } from './soak/source.ts'
import { openStores, storedUris } from './soak/stores.ts'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
const usage = `soak:miner --kills N [--rows N] [--seed N] [--json]
  --kills  SIGKILLs that hit a running upload, default 20
  --rows   rows in the miner's database at the end, default 100000
  --seed   of the moments and rows, default 1
  --json   nothing but the result on standard output
Last line: {"kills":…,"lost":…,"duplicates":…,"stuck":…}; exit code 1 unless the last three are 0.`

const miner = fileURLToPath(new URL('../packages/storage/dist/main.js', import.meta.url))
/** The policy changes every so many kills, so that kills also hit the history on its way between the backends. */
const killsPerPolicy = 10
const policies = [
  { rolloutPercentage: 0, mode: 'fallback' },
  { rolloutPercentage: 100, mode: 'fallback' },
  { rolloutPercentage: 100, mode: 'dual' },
] as const

interface Options {
  readonly kills: number
  readonly rows: number
  readonly seed: number
  readonly say: (line: string) => void
}

/** A repeatable series of numbers in 0..1 (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

async function publish(devnet: Devnet, step: number): Promise<void> {
  const policy = policies[step % policies.length] ?? policies[0]
  const chain = openChain({ endpoints: [devnet.chain.url] })
  try {
    await publishPolicy(chain, {
      netuid: devnet.chain.netuid,
      hotkey: await hotkeyFromUri('//Alice//hot'),
      policy: createPolicy({
        useS3: true,
        useHuggingFace: true,
        s3: { bucketName: devnet.bucket, authEndpoint: 'https://auth.example.com/', region: devnet.s3.region },
        ...policy,
      }),
    })
  } finally {
    await chain.close()
  }
}

function startUpload(devnet: Devnet, dbPath: string, stateFile: string): { child: ChildProcess; errors: () => string } {
  const [who] = devnet.miners
  if (who === undefined) throw new Error('the devnet has no miner')
  const args = [miner, 'upload', '--netuid', String(devnet.chain.netuid), '--db', dbPath, '--state-file', stateFile]
  args.push('--subtensor.chain_endpoint', devnet.chain.url, '--wallet.path', devnet.walletPath)
  args.push('--wallet.name', who.walletName, '--hf-endpoint', devnet.hub.url, '--s3-endpoint', devnet.s3.url, '--json')
  const env = {
    ...process.env,
    HUGGINGFACE_TOKEN: who.hfToken,
    AWS_ACCESS_KEY_ID: devnet.s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: devnet.s3.secretAccessKey,
  }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => (errors = `${errors}${chunk.toString()}`.slice(-4000)))
  return { child, errors: () => errors }
}

async function soak(options: Options, folder: string, devnet: Devnet): Promise<Record<string, number>> {
  const { kills, rows, say } = options
  const random = seeded(options.seed)
  const dbPath = join(folder, 'miner.sqlite')
  const stateFile = join(folder, 'state.sqlite')
  const source = createSource(dbPath, random)
  source.add(Math.ceil(rows / 2))
  await publish(devnet, 0)
  say(`devnet is up; ${source.uris().length} rows to begin with`)

  let killed = 0
  let finished = 0
  let longest = 8_000 // until the first run that ends by itself tells better, ms
  const perRun = Math.floor(rows / 2 / kills)
  while (killed < kills) {
    const { child, errors } = startUpload(devnet, dbPath, stateFile)
    const started = performance.now()
    const exit = once(child, 'exit') as Promise<[number | null, string | null]>
    await Promise.race([exit, delay(random() * longest)])
    child.kill('SIGKILL')
    const [code, signal] = await exit
    if (signal === 'SIGKILL') {
      killed++
      longest *= 1.03 // so that the last steps of a run are hit as often as the first
      source.add(Math.min(perRun, rows - source.uris().length))
      if (killed % killsPerPolicy === 0) await publish(devnet, killed / killsPerPolicy)
      if (killed % 10 === 0 || killed === kills) say(`${killed} of ${kills} killed, ${finished} ended by themselves`)
    } else if (code === 0 || code === 8) {
      finished++
      longest = 0.5 * longest + 0.55 * (performance.now() - started)
      source.touch() // something to do for the next one
    } else {
      throw new Error(`sluice-miner ended with exit code ${code}: ${errors()}`)
    }
  }
  source.add(rows - source.uris().length)

  await publish(devnet, 2) // dual: in the end both must hold exactly the source's rows
  say('last run')
  let complete = false
  for (let run = 0; run < 3 && !complete; run++) {
    const { child, errors } = startUpload(devnet, dbPath, stateFile)
    const [code] = (await once(child, 'exit')) as [number | null]
    complete = code === 0
    if (!complete) say(`exit code ${code}: ${errors()}`)
  }
  const want = source.uris()
  source.close()
  let lost = 0
  let duplicates = 0
  for (const store of openStores(devnet)) {
    const found = await storedUris(store, devnet.chain.netuid)
    const distinct = new Set(found)
    lost += want.filter((uri) => !distinct.has(uri)).length
    duplicates += found.length - want.filter((uri) => distinct.has(uri)).length
    say(`${store.backend.name}: ${found.length} rows of ${want.length}`)
  }
  const status = readStatus(stateFile)
  const waiting = status.backends.reduce((sum, backend) => sum + backend.queuedFiles + backend.deadFiles, 0)
  return { kills: killed, lost, duplicates, stuck: waiting + status.spooledFiles + (complete ? 0 : 1) }
}

async function main(): Promise<number> {
  const values = readFlags(usage, {
    kills: { type: 'string', default: '20' },
    rows: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  })
  const kills = wholeNumber('kills', values.kills, 1)
  const rows = wholeNumber('rows', values.rows, 2 * kills)
  const seed = wholeNumber('seed', values.seed)
  const say = values.json ? (line: string) => console.error(line) : (line: string) => console.log(line)
  const folder = await mkdtemp(join(tmpdir(), 'sluice-soak-'))
  const devnet = await startDevnet({ directory: join(folder, 'devnet'), miners: 1, validators: 1 })
  try {
    const result = await soak({ kills, rows, seed, say }, folder, devnet)
    console.log(JSON.stringify(result))
    return result['lost'] === 0 && result['duplicates'] === 0 && result['stuck'] === 0 ? 0 : 1
  } finally {
    await devnet.close()
    await rm(folder, { recursive: true, force: true })
  }
}

process.exitCode = await main()
