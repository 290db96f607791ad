import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { runProgram } from '@sluice/command-line'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { program } from '../src/cli.ts'
import { startHub } from '@sluice/dev-hub'

const soon = { timeout: 30_000 }

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-devnet-cli-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

interface Run {
  readonly stop: () => void
  readonly exit: Promise<number>
  readonly output: () => string
  readonly errors: () => string
}
function run(args: readonly string[]): Run {
  const stop = new AbortController()
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const texts = { out: '', err: '' }
  stdout.on('data', (chunk: Buffer) => (texts.out += chunk.toString()))
  stderr.on('data', (chunk: Buffer) => (texts.err += chunk.toString()))
  const around = { stdin: new PassThrough(), stdout, stderr, environment: {}, signal: stop.signal }
  const exit = runProgram(program, args, around)
  return { stop: () => stop.abort(), exit, output: () => texts.out, errors: () => texts.err }
}

test('everything: prints lines to paste, writes them to a file, stops with code 0', async () => {
  const file = join(directory, 'env')
  const devnet = run(['--miners', '2', '--directory', join(directory, 'all'), '--write-env', file])
  await expect.poll(devnet.output, soon).toContain('Ctrl-C')
  for (const name of [
    'SLUICE_CHAIN_ENDPOINT',
    'SLUICE_WALLET_PATH',
    'SLUICE_AUTH_ENDPOINT',
    'SLUICE_ALLOW_PRIVATE_ENDPOINTS',
    'SLUICE_HF_ENDPOINT',
    'HF_TOKEN',
  ]) {
    expect(devnet.output()).toMatch(new RegExp(`^export ${name}='.+'$`, 'm'))
  }
  expect(devnet.output()).not.toMatch(/^export AWS/m) // miners upload through the gateway
  const lines = await readFile(file, 'utf8')
  expect(devnet.output()).toContain(lines.trim())
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  devnet.stop()
  expect(await devnet.exit).toBe(0)
  expect((await stat(join(directory, 'all', 'wallets', 'miner-1', 'hotkeys', 'default'))).isFile()).toBe(true)
})

test.each([
  ['chain', ['SLUICE_CHAIN_ENDPOINT', 'SLUICE_NETUID', 'SLUICE_WALLET_PATH']],
  ['s3', ['SLUICE_S3_ENDPOINT', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']],
  ['hub', ['SLUICE_HF_ENDPOINT', 'HF_TOKEN']],
])('%s alone', async (part, names) => {
  const alone = run([part, '--json', '--miners', '1'])
  await expect.poll(alone.output, soon).toContain('\n')
  const facts = JSON.parse(alone.output()) as { ready: boolean; environment: Record<string, string> }
  expect(facts.ready).toBe(true)
  expect(Object.keys(facts.environment)).toEqual(names)
  alone.stop()
  expect(await alone.exit).toBe(0)
})

test.each([
  [['both'], 2, /must be all, chain, s3 or hub/],
  [['--miners', 'many'], 2, /whole number from 0 to 250/],
  [['--runtime', 'new'], 2, /current or old/],
  [['--nope'], 2, /unknown flag --nope/],
  [['chain', '--chain', 'ws://127.0.0.1:1'], 2, /no chain to start/],
  [['s3', '--s3', 'http://127.0.0.1:1', '--s3-access-key', 'a', '--s3-secret-key', 'b'], 2, /no S3 server to start/],
  [['--s3', 'http://127.0.0.1:1'], 2, /set AWS_ACCESS_KEY_ID/],
  [['--chain', 'ws://127.0.0.1:1'], 7, /cannot reach the chain/],
  [
    ['--s3', 'http://127.0.0.1:9', '--s3-access-key', 'a', '--s3-secret-key', 'b', '--miners', '1'],
    7,
    /cannot reach the S3 server at http:\/\/127\.0\.0\.1:9; is it running/,
  ],
  [['--s3', 'nonsense', '--s3-access-key', 'a', '--s3-secret-key', 'b', '--miners', '1'], 7, /give http\(s\):/],
  [['hub', '--write-env', '/nonexistent/env'], 2, /cannot write --write-env \/nonexistent\/env/],
])('%j fails with code %i', async (args, code, message) => {
  const failing = run(args)
  expect(await failing.exit).toBe(code)
  expect(failing.errors()).toMatch(message)
  expect(failing.output()).toBe('')
})

test('without a gateway the lines hold the keys of the bucket', async () => {
  const devnet = run(['--miners', '1', '--no-gateway'])
  await expect.poll(devnet.output, soon).toContain('Ctrl-C')
  for (const name of ['SLUICE_S3_ENDPOINT', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
    expect(devnet.output()).toMatch(new RegExp(`^export ${name}='.+'$`, 'm'))
  }
  expect(devnet.output()).not.toContain('SLUICE_AUTH_ENDPOINT')
  devnet.stop()
  expect(await devnet.exit).toBe(0)
})

test('nobody but the owner: the wallets are told without miners', async () => {
  const devnet = run(['--miners', '0', '--validators', '0'])
  await expect.poll(devnet.output, soon).toContain('wallets: owner (signs policies), every hotkey')
  expect(devnet.output()).not.toContain('HF_TOKEN')
  devnet.stop()
  expect(await devnet.exit).toBe(0)
})

test.each(['chain', 's3', 'hub'])('a taken port stops %s alone, and leaves no folder behind', async (part) => {
  await using taken = await startHub()
  const temporary = await mkdtemp(join(directory, 'tmp-'))
  vi.stubEnv('TMPDIR', temporary)
  try {
    const port = new URL(taken.url).port
    const failing = run([part, `--port-${part}`, port, '--miners', '1'])
    expect(await failing.exit).toBe(6)
    expect(failing.errors()).toBe(`error: port ${port} on 127.0.0.1 is taken: give another one, or 0 for a free one\n`)
    expect(await readdir(temporary)).toEqual([])
  } finally {
    vi.unstubAllEnvs()
  }
})

test('a directory is used by one devnet at a time, and again after it', async () => {
  const folder = join(directory, 'one-at-a-time')
  await mkdir(folder)
  await writeFile(join(folder, 'devnet.lock'), '999999999') // of a process that died
  const first = run(['hub', '--directory', folder])
  await expect.poll(first.output, soon).toContain('Ctrl-C')
  for (const part of ['all', 'chain', 's3', 'hub']) {
    const second = run([part, '--directory', folder, '--miners', '1'])
    expect(await second.exit).toBe(6)
    expect(second.errors()).toBe(
      `error: ${folder} is used by process ${process.pid}: stop it, or give another --directory\n`,
    )
  }
  first.stop()
  expect(await first.exit).toBe(0)
  const third = run(['hub', '--directory', folder])
  await expect.poll(third.output, soon).toContain('Ctrl-C')
  third.stop()
  expect(await third.exit).toBe(0)
  expect(await readdir(folder)).toEqual([])
})

test('help is no error', async () => {
  const help = run(['--help'])
  expect(await help.exit).toBe(0)
  expect(help.output()).toContain('--write-env <file>')
})

test('the process stops cleanly at SIGTERM', async () => {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const args = ['--import', 'tsx', '--conditions=@sluice/source', main, '--json', '--miners', '1']
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const facts = JSON.parse(line.toString()) as { wallet_path: string }
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
  await expect(stat(facts.wallet_path)).rejects.toThrow(/ENOENT/)
})
