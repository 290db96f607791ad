import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { createBucketBackend, createDirectAccess, createHuggingFaceBackend } from '@sluice/backends'
import { hotkeyPrefix } from '@sluice/hotkey'
import { hotkeyFromUri, openChain, publishPointer, publishPolicy } from '@sluice/chain'
import { runProgram } from '@sluice/command-line'
import { startChainNode } from '@sluice/dev-chain'
import { type Devnet, startDevnet } from '@sluice/devnet'
import { createPolicy } from '@sluice/rollout'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { program } from '../src/command/cli.ts'
import { hour, netuid, openScene, rowsOf, type Scene } from './scene.ts'

let net: Devnet
let scene: Scene
const [shared, late] = [rowsOf(30), rowsOf(30, 2, hour + 1)]

/** Miner 0 keeps data in S3, 1 in both (S3 behind), 2 on HuggingFace, 3 nowhere. */
beforeAll(async () => {
  net = await startDevnet({ netuid, blockTimeMs: 200, gateway: true })
  scene = await openScene()
  const chain = openChain({ endpoints: [net.chain.url] })
  const policy = createPolicy({
    useS3: true,
    useHuggingFace: true,
    s3: {
      bucketName: net.bucket,
      authEndpoint: net.gateway?.url ?? null,
      region: net.s3.region,
      endpoint: net.s3.url,
    },
    rolloutPercentage: 25,
  })
  await publishPolicy(chain, { netuid, hotkey: await hotkeyFromUri(net.chain.owner.hotkeyUri), policy })
  await net.gateway?.refresh()
  for (const [at, names] of [['s3'], ['s3', 'huggingface'], ['huggingface']].entries()) {
    const { uri, hfUser, hfToken } = net.miners[at]!
    const hotkey = await hotkeyFromUri(uri)
    for (const name of names) {
      const repository = `${hfUser}/data_${hotkey.address.slice(0, 8)}`
      const { accessKeyId, secretAccessKey, url } = net.s3
      const prefix = hotkeyPrefix(hotkey.address)
      const backend =
        name === 's3'
          ? createBucketBackend(
              createDirectAccess({
                bucket: net.bucket,
                prefix,
                endpoint: url,
                credentials: { accessKeyId, secretAccessKey },
              }),
            )
          : createHuggingFaceBackend({ repository, token: hfToken, hubUrl: net.hub.url })
      const tree = { folder: '', backend }
      const files = [await scene.part(tree, shared)]
      if (name === 'huggingface') files.push(await scene.part(tree, late))
      await scene.manifest(tree, hotkey, files)
      if (name === 'huggingface') await publishPointer(chain, { netuid, hotkey, repository })
    }
  }
  await chain.close()
}, 120_000)
afterAll(async () => {
  await scene.close()
  await net.close()
})

async function run(
  argv: string[],
  env: Record<string, string> = {},
  signal?: AbortSignal,
  watch?: (stderr: string) => void,
) {
  const output = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        output[name] += String(chunk)
        watch?.(output.stderr)
        done()
      },
    })
  const access = { SLUICE_HOTKEY_URI: '//Bob//hot', SLUICE_ALLOW_PRIVATE_ENDPOINTS: 'true' }
  const code = await runProgram(program, argv, {
    stdin: new PassThrough(),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    environment: { SLUICE_CHAIN_ENDPOINT: net.chain.url, SLUICE_HF_ENDPOINT: net.hub.url, ...access, ...env },
    ...(signal === undefined ? {} : { signal }),
  })
  return { code, ...output }
}

const credentials = (): Record<string, string> => {
  return { AWS_ACCESS_KEY_ID: net.s3.accessKeyId, AWS_SECRET_ACCESS_KEY: net.s3.secretAccessKey }
}

test.each(['the hotkey', 'credentials'])(
  'monitor finds everybody from endpoint, netuid and %s alone',
  async (access) => {
    const env = access === 'credentials' ? { ...credentials(), SLUICE_HOTKEY_URI: '' } : {}
    const { code, stdout } = await run(['monitor', '--netuid', '13', '--once', '--json'], env)
    expect(code).toBe(0)
    const usage = JSON.parse(stdout)
    expect(usage).toMatchObject({ total: 4, rollout_percentage: 25, policy_origin: 'chain', endpoint: net.chain.url })
    expect(usage.counts).toEqual({ s3: 1, both: 1, huggingface: 1, neither: 1, unknown: 0 })
    const second = usage.miners.find((miner: { hotkey: string }) => miner.hotkey === net.miners[1]!.hotkey)
    expect(second).toMatchObject({
      usage: 'both',
      coverage: { missing: { s3: 1, huggingface: 0 } },
      lag_hours: { s3: 1 },
    })
    const people = await run(['monitor', '--netuid', '13', '--once'])
    expect(people.stdout).toContain('4 miners, rollout 25 %')
    expect(people.stdout).toContain(`of ${net.chain.url}`)
    expect(people.stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('!'))).toEqual([])
  },
)

test('check judges URIs named by flags and by file, with an exit code', async () => {
  const common = ['check', '--netuid', '13', '--json', '--hotkey']
  const hinted = ['--source', '2', '--bucket', String(hour)]
  const good = await run([...common, net.miners[1]!.hotkey, '--uri', shared[0]!.uri, shared[1]!.uri, ...hinted])
  expect(good.code).toBe(0)
  const report = JSON.parse(good.stdout)
  expect(report.verdicts).toHaveLength(2)
  for (const verdict of report.verdicts) {
    expect(verdict).toMatchObject({ verdict: 'valid', s3: { verdict: 'valid' }, huggingface: { verdict: 'valid' } })
  }
  const csv = join(scene.base, 'entities.csv')
  await writeFile(csv, `uri,source,time_bucket_id\n"${shared[0]!.uri}",x,${hour}\n${late[0]!.uri},2,${hour + 1}\n`)
  const lines = join(scene.base, 'entities.jsonl')
  await writeFile(lines, `${JSON.stringify({ uri: late[0]!.uri, datetime: late[0]!.datetime })}\n`)
  expect((await run([...common, net.miners[2]!.hotkey, '--entities', csv])).code).toBe(0)
  expect((await run([...common, net.miners[2]!.hotkey, '--entities', lines])).code).toBe(0)
  expect((await run([...common, net.miners[0]!.hotkey, '--entities', csv])).code).toBe(3)
  expect((await run([...common, net.miners[0]!.hotkey])).code).toBe(0)
  expect((await run([...common, net.miners[3]!.hotkey])).code).toBe(3)
})

test('without access to S3 nothing is held against a miner', async () => {
  const args = ['check', '--netuid', '13', '--json', '--hotkey', net.miners[0]!.hotkey, '--uri', shared[0]!.uri]
  const none = await run(args, { SLUICE_HOTKEY_URI: '' })
  expect(none.code).toBe(7)
  expect(none.stdout).toContain('give the validator’s wallet')
  const noPermit = await run(args, { SLUICE_HOTKEY_URI: net.miners[1]!.uri })
  expect(noPermit.code).toBe(7)
  expect(noPermit.stdout).toContain('NO_PERMIT')
  const guarded = await run(args, { SLUICE_ALLOW_PRIVATE_ENDPOINTS: '' })
  expect(guarded.code).toBe(7)
  expect(guarded.stdout).toContain('it is not https')
  const pinned = await run(args, { SLUICE_PINNED_HOSTS: 'gateway.example.com' })
  expect(pinned.stdout).toContain('none of the pinned hosts')
  const wrong = await run(args, { ...credentials(), AWS_SECRET_ACCESS_KEY: 'wrong' })
  expect(wrong.code).toBe(7)
  expect(JSON.parse(wrong.stdout).verdicts[0]).toMatchObject({ verdict: 'unknown', s3: { verdict: 'unreachable' } })
})

test('a mapping by hand wins over the chain', async () => {
  const file = join(scene.base, 'pointers.json')
  const { hotkey, hfUser } = net.miners[2]!
  await writeFile(file, JSON.stringify({ [hotkey]: `${hfUser}/elsewhere` }))
  const args = ['check', '--netuid', '13', '--json', '--hotkey', hotkey, '--uri', shared[0]!.uri]
  expect((await run(args)).code).toBe(0)
  expect((await run([...args, '--pointers', file])).code).toBe(3)
})

test('control characters from outside never reach the terminal', async () => {
  const uri = 'https://x.com/\u001b[2J\u202eevil'
  const { stdout } = await run(['check', '--netuid', '13', '--hotkey', net.miners[0]!.hotkey, '--uri', uri])
  expect(stdout).not.toContain('\u001b')
  expect(stdout).not.toContain('\u202e')
  expect(stdout).toContain('https://x.com/?[2J?evil')
})

test('wrong input and a dead chain are plain messages', async () => {
  const cases: [string[], number, string][] = [
    [['check', '--netuid', '13'], 2, '--hotkey'],
    [['check', '--netuid', '70000', '--hotkey', 'x'], 2, '65535'],
    [['check', '--hotkey', net.miners[0]!.hotkey], 2, '--netuid'],
    [['check', '--netuid', '13', '--hotkey', '5Nobody'], 5, 'no UID'],
    [['check', '--netuid', '13', '--hotkey', 'x', '--wallet.name', 'nobody'], 4, 'nobody'],
    [['monitor', '--netuid', '13', '--onse'], 2, 'did you mean --once?'],
    [['check', '--netuid', '13', '--hotkey', net.miners[0]!.hotkey, '--entities', '/not/there'], 2, '/not/there'],
    [['monitor', '--netuid', '13', '--once', '--subtensor.chain_endpoint', 'ws://127.0.0.1:9'], 7, '127.0.0.1:9'],
    [['dance'], 2, 'dance'],
  ]
  for (const [argv, expected, words] of cases) {
    const { code, stderr } = await run(argv)
    expect([argv.join(' '), code]).toEqual([argv.join(' '), expected])
    expect(stderr).toContain(words)
  }
  expect((await run(['--help'])).stdout).toContain('Exit codes')
})

test('monitor serves metrics until it is stopped', async () => {
  const stop = new AbortController()
  let scraped: Promise<string> | undefined
  const scrape = async (url: string): Promise<string> => {
    for (;;) {
      const reply = await fetch(url)
      const text = await reply.text()
      if (text.includes('sluice_miners{storage="both"} 1')) {
        stop.abort()
        return text
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const argv = ['monitor', '--netuid', '13', '--json', '--metrics-port', '0']
  const { code } = await run(argv, {}, stop.signal, (stderr) => {
    const url = /metrics at (http:\/\/127\.0\.0\.1:\d+\/metrics)/.exec(stderr)?.[1]
    if (url !== undefined) scraped ??= scrape(url)
  })
  expect(code).toBe(130)
  expect(await scraped).toContain('sluice_rollout_percentage 25')
})

test('a subnet without a policy is HuggingFace only, and says so', async () => {
  await using chain = await startChainNode({ netuid, miners: 2, blockTimeMs: 200 })
  const argv = ['monitor', '--netuid', '13', '--once', '--json', '--subtensor.chain_endpoint', chain.url]
  const { code, stdout } = await run(argv)
  expect(code).toBe(0)
  const usage = JSON.parse(stdout)
  expect(usage).toMatchObject({ policy_origin: 'default', in_cohort: 0, total: 2, counts: { neither: 2 } })
  expect(usage.warnings.join()).toContain('HuggingFace alone')
})

test('a stopped command says so', async () => {
  const { code } = await run(['check', '--netuid', '13', '--hotkey', net.miners[0]!.hotkey], {}, AbortSignal.abort())
  expect(code).toBe(130)
})
