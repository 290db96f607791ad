import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { hotkeyFromUri, openChain, publishPolicy } from '@sluice/chain'
import { CommandError, runProgram } from '@sluice/command-line'
import { startChainNode } from '@sluice/dev-chain'
import { startS3Server } from '@sluice/dev-s3'
import { createPolicy } from '@sluice/rollout'
import { createSigner } from '@sluice/signing'
import { expect, test } from 'vitest'
import { program as gateway } from '../src/cli.ts'
import { readSettings } from '../src/settings.ts'
import { freePort } from './state/redis-server.ts'

const enough = {
  SLUICE_GATEWAY_PUBLIC_URL: 'https://gw.example.com',
  SLUICE_NETUID: '13',
  SLUICE_NETWORK: 'finney',
  SLUICE_S3_BUCKET: 'subnet',
}

test('settings say everything that is missing or wrong at once', () => {
  const problem = (environment: Record<string, string>): string => {
    try {
      readSettings(environment)
      return 'fine'
    } catch (error) {
      expect(error).toBeInstanceOf(CommandError)
      return (error as Error).message
    }
  }
  expect(problem({})).toMatch(
    /SLUICE_NETUID is missing; SLUICE_GATEWAY_PUBLIC_URL is missing; SLUICE_S3_BUCKET is missing/,
  )
  expect(problem({ ...enough, SLUICE_NETWORK: '' })).toMatch(/SLUICE_NETWORK.*SLUICE_CHAIN_ENDPOINT/)
  expect(problem({ ...enough, AWS_ACCESS_KEY_ID: 'a' })).toMatch(/both/)
  expect(problem({ ...enough, SLUICE_GATEWAY_PORT: 'http' })).toMatch(/^SLUICE_GATEWAY_PORT must be/)
  expect(problem({ ...enough, SLUICE_GATEWAY_ADAPTERS: 'iota,other' })).toMatch(/SLUICE_GATEWAY_ADAPTERS/)
  expect(problem({ ...enough, SLUICE_GATEWAY_PUBLIC_URL: 'ftp://x' })).toMatch(/SLUICE_GATEWAY_PUBLIC_URL/)
  expect(readSettings({ ...enough, SLUICE_GATEWAY_ADAPTERS: 'iota, tao-v2' })).toMatchObject({
    port: 8080,
    endpoint: null,
    checksumType: 'full-object',
    credentials: undefined,
    adapters: ['iota', 'tao-v2'],
    admit: 'cohort',
  })
})

test('R2 gets the kind of checksum that it knows', () => {
  const type = (SLUICE_S3_ENDPOINT: string): string => readSettings({ ...enough, SLUICE_S3_ENDPOINT }).checksumType
  expect(type('https://abc.r2.cloudflarestorage.com')).toBe('composite')
  expect(type('https://abc.r2.cloudflarestorage.com.example.com')).toBe('full-object')
  expect(readSettings({ ...enough, SLUICE_S3_CHECKSUM: 'composite' }).checksumType).toBe('composite')
})

test('help, unknown arguments, wrong settings and a taken port end with the right code', async () => {
  let text = ''
  const sink = (): Writable =>
    new Writable({
      write(chunk: Buffer, _, done) {
        text += chunk.toString()
        done()
      },
    })
  const run = async (argv: string[], environment: Record<string, string> = {}): Promise<number> =>
    await runProgram(gateway, argv, { stdin: new PassThrough(), stdout: sink(), stderr: sink(), environment })
  expect([await run(['--help']), await run(['x']), await run([]), await run(['--prt', '1'])]).toEqual([0, 2, 2, 2])
  expect(text).toContain('SLUICE_GATEWAY_TRUSTED_PROXIES')
  expect(text).toContain('did you mean --port?')
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  expect(await run(['--port', String(port)], { ...enough, SLUICE_GATEWAY_STATE: ':memory:' })).toBe(6)
  taken.close()
})

test('a network named by a flag wins over an endpoint in the environment', () => {
  const environment = { ...enough, SLUICE_NETWORK: '', SLUICE_CHAIN_ENDPOINT: 'ws://devnet' }
  expect(readSettings(environment)).toMatchObject({ network: undefined, chainEndpoints: ['ws://devnet'] })
  expect(readSettings(environment, { network: ['finney'] })).toMatchObject({ network: 'finney', chainEndpoints: [] })
})

test('the program serves over a real chain and bucket, follows the policy, and stops when told to', async () => {
  await using chain = await startChainNode({ miners: 2 })
  await using s3 = await startS3Server({ buckets: ['subnet'] })
  const folder = mkdtempSync(join(tmpdir(), 'sluice-gateway-'))
  const port = await freePort()
  const base = `http://127.0.0.1:${port}`
  const [first, second] = chain.neurons.filter(({ role }) => role === 'miner')
  const publish = async (include: readonly string[]): Promise<void> => {
    await using connection = openChain({ endpoints: [chain.url] })
    const { netuid } = chain
    const policy = createPolicy({
      useS3: true,
      useHuggingFace: true,
      s3: { bucketName: 'subnet', authEndpoint: 'https://gw.example.com' },
      include: [...include],
    })
    await publishPolicy(connection, { netuid, hotkey: await hotkeyFromUri(chain.owner.hotkeyUri), policy })
  }
  await publish([first!.hotkey])

  const program = spawn(
    process.execPath,
    ['--import', 'tsx', '--conditions=@sluice/source', fileURLToPath(new URL('../src/main.ts', import.meta.url))],
    {
      env: {
        PATH: process.env['PATH'] ?? '',
        SLUICE_GATEWAY_PUBLIC_URL: base,
        SLUICE_GATEWAY_PORT: String(port),
        SLUICE_NETUID: String(chain.netuid),
        SLUICE_CHAIN_ENDPOINT: chain.url,
        SLUICE_S3_BUCKET: 'subnet',
        SLUICE_S3_ENDPOINT: s3.url,
        AWS_ACCESS_KEY_ID: s3.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
        SLUICE_GATEWAY_STATE: join(folder, 'state.sqlite'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  const ended = new Promise<number | null>((resolve) => program.once('exit', resolve))
  try {
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        output += chunk.toString()
        if (output.includes('"listening"')) resolve()
      }
      program.stdout.on('data', read)
      program.stderr.on('data', read)
      program.once('exit', () => reject(new Error(output)))
    })
    const put = async (uri: string): Promise<[number, string]> => {
      const body = new TextEncoder().encode('{"key":"a","bytes":1}')
      const url = `${base}/uploads/url`
      const headers = await createSigner({ hotkey: await hotkeyFromUri(uri) }).authorize({ method: 'POST', url, body })
      const reply = await fetch(url, { method: 'POST', headers, body })
      return [reply.status, await reply.text()]
    }
    const [status, text] = await put(first!.uri)
    expect(status).toBe(200)
    const signed = JSON.parse(text) as { url: string }
    expect((await fetch(signed.url, { method: 'PUT', body: Uint8Array.of(120) })).status).toBe(200)
    expect(await put(second!.uri)).toEqual([403, expect.stringContaining('NOT_IN_COHORT')])
    expect(await put('//Stranger')).toEqual([403, expect.stringContaining('NOT_REGISTERED')])
    expect((await (await fetch(`${base}/healthz`)).json()) as object).toMatchObject({ ok: true, chain: 'fresh' })
  } finally {
    program.kill('SIGTERM')
  }
  expect(await ended).toBe(0)
  expect(output).not.toContain(s3.secretAccessKey)
  rmSync(folder, { recursive: true, force: true })
})
