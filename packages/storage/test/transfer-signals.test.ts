import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hotkeyFromUri, openChain, publishPolicy } from '@sluice/chain'
import { type Devnet, startDevnet } from '@sluice/devnet'
import { createPolicy } from '@sluice/rollout'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

// The program itself, in processes of its own, with signals as a terminal sends them.

const MIB = 1024 * 1024
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
let devnet: Devnet
let folder: string
const running = new Set<ChildProcess>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-signals-'))
  devnet = await startDevnet({ directory: join(folder, 'devnet'), miners: 1, validators: 1, gateway: false })
  const chain = openChain({ endpoints: [devnet.chain.url] })
  const policy = createPolicy({
    useS3: true,
    rolloutPercentage: 100,
    useHuggingFace: true,
    // Not asked: the program has credentials of its own.
    s3: { bucketName: devnet.bucket, authEndpoint: 'https://auth.example' },
  })
  try {
    await publishPolicy(chain, { netuid: devnet.chain.netuid, hotkey: await hotkeyFromUri('//Alice//hot'), policy })
  } finally {
    await chain.close()
  }
})
afterEach(() => {
  devnet.s3.faults?.clear()
  for (const child of running) child.kill('SIGKILL')
})
afterAll(async () => {
  await devnet.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Program {
  readonly child: ChildProcess
  /** The exit code; the signal's name when one ended it. */
  readonly ended: Promise<number | string | null>
  /** Resolves when the text was printed, on either stream. */
  printed(text: string): Promise<void>
  readonly output: () => string
}

function start(...words: readonly string[]): Program {
  const environment = {
    ...process.env,
    SLUICE_NETUID: String(devnet.chain.netuid),
    SLUICE_CHAIN_ENDPOINT: devnet.chain.url,
    SLUICE_WALLET_PATH: devnet.walletPath,
    SLUICE_WALLET_NAME: devnet.miners[0]!.walletName,
    SLUICE_STATE_FILE: join(folder, 'miner.sqlite'),
    SLUICE_S3_ENDPOINT: devnet.s3.url,
    AWS_ACCESS_KEY_ID: devnet.s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: devnet.s3.secretAccessKey,
  }
  const args = ['--import', 'tsx', '--conditions=@sluice/source', main, ...words]
  const child = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let output = ''
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      output += data.toString()
      for (const look of waiting) look()
    })
  }
  const ended = new Promise<number | string | null>((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve(code ?? signal)
    })
  })
  const printed = async (text: string): Promise<void> => {
    const seen = new Promise<void>((resolve) => {
      const look = (): void => void (output.includes(text) && (waiting.delete(look), resolve()))
      waiting.add(look)
      look()
    })
    const early = ended.then((code) => Promise.reject(new Error(`ended with ${code} before "${text}":\n${output}`)))
    await Promise.race([seen, early])
  }
  return { child, ended, printed, output: () => output }
}

const line = ['--json=events', '--part-size', '5MiB', '--concurrency', '1'] as const
/** A put whose third part never ends. */
function startStalled(name: string): Program {
  const path = join(folder, name)
  writeFileSync(path, randomBytes(26 * MIB))
  devnet.s3.faults?.add({ method: 'PUT', path: /partNumber=3/, kind: 'stall' })
  return start('put', path, ...line)
}

test('Ctrl-C once pauses and says how to go on; the same command goes on', async () => {
  const put = startStalled('once.bin')
  await put.printed('"part_number":2')
  put.child.kill('SIGINT')
  expect(await put.ended).toBe(130)
  expect(put.output()).toContain('The same command again goes on with them')
  devnet.s3.faults?.clear()
  const again = start('put', join(folder, 'once.bin'), ...line)
  expect(await again.ended).toBe(0)
  expect(again.output()).toContain('"parts_kept":2')
}, 180_000)

test('Ctrl-C twice stops at once, also where nothing moves', async () => {
  devnet.s3.faults?.add({ method: 'DELETE', kind: 'stall' })
  const put = startStalled('twice.bin')
  await put.printed('"part_number":2')
  put.child.kill('SIGINT')
  await put.printed('Once more to end at once')
  put.child.kill('SIGINT')
  expect(await put.ended).toBe(130)
  const list = start('uploads', 'list')
  expect(await list.ended).toBe(0)
  expect(list.output()).toContain('files/twice.bin')
}, 180_000)

test('what another process is sending is left alone when all are given up', async () => {
  const put = startStalled('running.bin')
  await put.printed('"part_number":2')
  const abort = start('uploads', 'abort', '--all')
  expect(await abort.ended).toBe(0)
  expect(abort.output()).toMatch(/left, as it is being sent: .*running\.bin/)
  const named = start('uploads', 'abort', 'running.bin')
  expect(await named.ended).toBe(0)
  expect(named.output()).toMatch(/given up: .*running\.bin/)
}, 180_000)
