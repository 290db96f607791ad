import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createBucketBackend, createDirectAccess } from '@sluice/backends'
import { hotkeyFromUri, openChain, publishPolicy } from '@sluice/chain'
import { type Devnet, startDevnet } from '@sluice/devnet'
import { createPolicy } from '@sluice/rollout'
import { openSqlite } from '@sluice/sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** Runs the programs in `examples` as a user does, on a devnet with a policy at 5 %. */
const root = fileURLToPath(new URL('..', import.meta.url))
const runner = ['--import', 'tsx', '--conditions=@sluice/source']
let folder: string
let devnet: Devnet
let environment: Record<string, string | undefined>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-examples-'))
  devnet = await startDevnet({ directory: join(folder, 'devnet'), miners: 2, validators: 1, gateway: true })
  await publish(5)
  // A checkout has no `sluice-config` on its path; after `npm install` it is in node_modules/.bin.
  const bin = join(folder, 'bin', 'sluice-config')
  mkdirSync(join(folder, 'bin'))
  const main = join(root, 'packages/config-cli/src/main.ts')
  writeFileSync(bin, `#!/bin/sh\ncd "${root}" && exec "${process.execPath}" ${runner.join(' ')} "${main}" "$@"\n`)
  chmodSync(bin, 0o755)
  environment = {
    ...process.env,
    PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`,
    SLUICE_CHAIN_ENDPOINT: devnet.chain.url,
    SLUICE_NETUID: String(devnet.chain.netuid),
    SLUICE_WALLET_PATH: devnet.walletPath,
    SLUICE_HF_ENDPOINT: devnet.hub.url,
    SLUICE_ALLOW_PRIVATE_ENDPOINTS: 'true',
    HF_TOKEN: devnet.miners[0]?.hfToken,
  }
})
afterAll(async () => {
  await devnet?.close()
  rmSync(folder, { recursive: true, force: true })
})

test('the owner turns the dial by one step, but not again before the step is old enough', async () => {
  expect(await run('owner', '--wallet', 'owner', '--dry-run', '--soak-blocks', '0')).toMatch(
    /from 5 % to 25 %: \d+ hotkeys join \(dry run\)/,
  )
  expect(await run('owner', '--wallet', 'owner', '--steps', '5,100', '--soak-blocks', '0')).toMatch(
    /from 5 % to 100 %: [1-9] hotkeys join \(block \d+\)/,
  )
  expect(await run('owner', '--wallet', 'owner', '--steps', '5,100')).toContain('at 100 %: nothing left to do')
  await publish(25)
  expect(await run('owner', '--wallet', 'owner')).toMatch(/at 25 % for \d+ blocks: not yet/)
  await expect(run('owner', '--wallet', 'nobody', '--soak-blocks', '0')).rejects.toThrow(
    /sluice-config rollout: [A-Z_]+:/,
  )
})

test('the miner stores each round, and the validator finds what it says', async () => {
  await publish(100)
  const [miner] = devnet.miners
  if (miner === undefined) throw new Error('no miner')
  const db = join(folder, 'miner.sqlite')
  const args = ['--wallet', miner.walletName, '--db', db, '--state', join(folder, 'state'), '--seconds', '0']
  const told = await run('miner', ...args, '--rounds', '2')
  expect(told).toMatch(/round 1: 10 rows to s3; complete\n.*\nround 2: 20 rows to s3; complete/)

  const database = openSqlite(db, { readonly: true })
  const uris = database.prepare('SELECT uri FROM DataEntity').pluck().all() as string[]
  database.close()
  expect(uris).toHaveLength(20)
  const checked = await run('validator', '--wallet', 'validator-0', miner.hotkey, ...uris, 'https://x.com/never/stored')
  expect(checked.match(/^valid: /gm)).toHaveLength(20)
  expect(checked).toMatch(/^absent: https:\/\/x.com\/never\/stored/m)
  expect(checked).toContain(`score ${(20 / 21).toFixed(2)}`)
  expect(await run('validator', '--wallet', 'validator-0')).toMatch(new RegExp(`${miner.hotkey}: s3$`, 'm'))
})

test('a killed upload of a large file goes on in the next run', async () => {
  await publish(100)
  const [miner] = devnet.miners
  if (miner === undefined || devnet.gateway === null) throw new Error('no miner')
  const file = join(folder, 'weights.bin')
  const bytes = randomBytes(40 << 20)
  writeFileSync(file, bytes)
  const args = ['--wallet', miner.walletName, '--gateway', devnet.gateway.url, '--journal', join(folder, 'journal')]

  const child = start('upload', [...args, '--bandwidth', String(8 << 20), file])
  await untilPrinted(child, /^[1-9]\d* parts/m)
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await closed

  const told = await run('upload', ...args, file)
  expect(told).toMatch(/^[1-9]\d* parts were there, files\/weights\.bin is stored/m)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  expect(told).toContain(`sha256 ${sha256}`)
  const { url: endpoint, region, accessKeyId, secretAccessKey } = devnet.s3
  const credentials = { accessKeyId, secretAccessKey }
  const bucket = createBucketBackend(createDirectAccess({ bucket: devnet.bucket, region, endpoint, credentials }))
  const stored = await bucket.open(`data/hotkey=${miner.hotkey}/files/weights.bin`)
  const hash = createHash('sha256')
  for await (const chunk of stored?.body ?? []) hash.update(chunk)
  expect(hash.digest('hex')).toBe(sha256)
})

async function publish(rolloutPercentage: number): Promise<void> {
  await using chain = openChain({ endpoints: [devnet.chain.url] })
  const hotkey = await hotkeyFromUri('//Alice//hot')
  const authEndpoint = devnet.gateway?.url ?? ''
  const s3 = { bucketName: devnet.bucket, authEndpoint, region: devnet.s3.region }
  const policy = createPolicy({ useS3: true, useHuggingFace: true, rolloutPercentage, s3 })
  await publishPolicy(chain, { netuid: devnet.chain.netuid, hotkey, policy })
  await devnet.gateway?.refresh()
}

async function run(example: string, ...args: string[]): Promise<string> {
  const words = [...runner, join(root, 'examples', `${example}.ts`), ...args]
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: root, env: environment })
  return stdout
}

function start(example: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...runner, join(root, 'examples', `${example}.ts`), ...args], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function untilPrinted(child: ChildProcess, pattern: RegExp): Promise<void> {
  let printed = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += String(chunk)
      if (pattern.test(printed)) resolve()
    })
    child.once('close', (code) => reject(new Error(`ended with ${code}: ${printed}`)))
  })
}
