import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hotkeyFromUri, openChain, publishPolicy, readPointers } from '@sluice/chain'
import { type Devnet, startDevnet } from '@sluice/devnet'
import { createPolicy } from '@sluice/rollout'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConfigFromChainOrEnv, createStorageFromConfig } from '../src/compose.ts'
import { addRows, manyRows, memoryLog, openMinerDatabase, s3Policy } from './miner.ts'
import { type Ran, runCli } from './run-cli.ts'

let devnet: Devnet
let folder: string
const who = (at: number): Devnet['miners'][number] => {
  const miner = devnet.miners[at]
  if (miner === undefined) throw new Error('the devnet has too few miners')
  return miner
}
async function publish(percentage: number): Promise<void> {
  const chain = openChain({ endpoints: [devnet.chain.url] })
  const input = s3Policy(percentage, { s3: { bucketName: devnet.bucket, authEndpoint: 'https://auth.example.com/' } })
  try {
    const hotkey = await hotkeyFromUri('//Alice//hot')
    await publishPolicy(chain, { netuid: devnet.chain.netuid, hotkey, policy: createPolicy(input) })
  } finally {
    await chain.close()
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
  devnet = await startDevnet({ directory: join(folder, 'devnet'), miners: 3, validators: 1 })
  await publish(100)
})
afterAll(async () => {
  await devnet.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A command line of miner `at`; `more` replaces variables. */
async function run(at: number, line: string, more: Record<string, string> = {}, signal?: AbortSignal): Promise<Ran> {
  const environment = {
    SLUICE_NETUID: String(devnet.chain.netuid),
    SLUICE_CHAIN_ENDPOINT: devnet.chain.url,
    SLUICE_WALLET_PATH: devnet.walletPath,
    SLUICE_WALLET_NAME: who(at).walletName,
    SLUICE_STATE_FILE: join(folder, `state-${at}.sqlite`),
    SLUICE_S3_ENDPOINT: devnet.s3.url,
    HF_ENDPOINT: devnet.hub.url,
    HF_TOKEN: who(at).hfToken,
    AWS_ACCESS_KEY_ID: devnet.s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: devnet.s3.secretAccessKey,
    ...more,
  }
  return await runCli(line.split(' ').filter(Boolean), { environment, signal })
}
function database(at: number, rows: number): string {
  const path = join(folder, `miner-${at}.sqlite`)
  const db = openMinerDatabase(path)
  addRows(db, manyRows(rows))
  db.close()
  return path
}

describe('upload and status', () => {
  it('stores in S3 inside the cohort, tells what is where, and knows it again', async () => {
    const db = database(0, 70)
    const first = await run(0, `upload --db ${db}`)
    expect(first.code).toBe(0)
    expect(first.out).toContain('complete: every required backend holds everything')
    expect(first.out).toMatch(/x\s+(│ )?s3\s+.* 46\s+(│ )?46/)
    expect(first.err).toContain('files stored')
    const again = await run(0, `upload --db ${db} --json`)
    expect(JSON.parse(again.out)).toMatchObject({
      complete: true,
      copies: [],
      plan: { in_cohort: true },
      network: null,
      endpoint: devnet.chain.url,
    })
    const told = await run(0, 'status')
    expect(told.code).toBe(0)
    expect(told.out).toContain(`S3           ENABLED, bucket ${devnet.bucket}, region us-east-1`)
    expect(told.out).toContain('rows         70 in 14 files')
    const status = JSON.parse((await run(0, 'status --json')).out) as { owner: string; backends: { backend: string }[] }
    expect(status.owner).toContain(who(0).hotkey)
    expect(status.backends.find(({ backend }) => backend === 's3')).toMatchObject({ queued_files: 0, dead_files: 0 })
  })

  it('publishes where its HuggingFace copy is, once, when HuggingFace is forced beside S3', async () => {
    const db = database(1, 20)
    const { code, err } = await run(1, `upload --db ${db} --force-huggingface true --hf-prefix rows`)
    expect(code).toBe(0)
    expect(err).toContain('published on chain at block')
    const chain = openChain({ endpoints: [devnet.chain.url] })
    const repository = `${who(1).hfUser}/rows_${who(1).hotkey.slice(0, 8)}`
    const pointers = await readPointers(chain, devnet.chain.netuid)
    await chain.close()
    expect(pointers.get(who(1).hotkey)).toBe(repository)
    const again = await run(1, `upload --db ${db} --force-huggingface true --hf-prefix rows`)
    expect(again.err).not.toContain('published on chain')
    expect((await run(1, 'status')).out).toContain(repository)
    const card = await fetch(`${devnet.hub.url}/datasets/${repository}/resolve/main/README.md`, {
      headers: { authorization: `Bearer ${who(1).hfToken}` },
    })
    expect(await card.text()).toContain(who(1).hotkey)
  })

  it('ends with 8 while something waits, and names it', async () => {
    const db = database(2, 20)
    const stop = devnet.s3.faults?.add({ method: 'PUT', kind: { status: 403, code: 'AccessDenied' } })
    const { code, out } = await run(2, `upload --db ${db}`, { HF_TOKEN: 'hf_wrong' })
    stop?.()
    expect(code).toBe(8)
    expect(out).toContain('failed: s3')
    expect(out).toContain('not complete: run the command again')
    expect((await run(2, `upload --db ${db}`)).code).toBe(0)
  })

  it('is stopped by a signal with 130', async () => {
    const { code } = await run(0, `upload --db ${database(0, 75)}`, {}, AbortSignal.abort(new Error('SIGINT')))
    expect(code).toBe(130)
  })
})

describe('explain', () => {
  it('says which policy is in force and what follows', async () => {
    const { code, out } = await run(0, 'explain')
    expect(code).toBe(0)
    expect(out).toContain('policy from chain')
    expect(out).toContain('stores in s3 (required), huggingface (stand-in)')
    const config = JSON.parse((await run(0, 'explain --json --force-s3 false')).out) as {
      plan: { reason: string }
      endpoint: string
    }
    expect(config.endpoint).toBe(devnet.chain.url)
    expect(config.plan).toMatchObject({ required: ['huggingface'], in_cohort: true })
    expect(config.plan.reason).toContain('Overridden by this miner: S3 off.')
  })

  it('falls back to the environment without a chain', async () => {
    const { port } = new URL(devnet.s3.url) // speaks no JSON-RPC
    const { code, out, err } = await run(0, 'explain', {
      SLUICE_STATE_FILE: join(folder, 'never-read.sqlite'),
      SLUICE_CHAIN_ENDPOINT: `ws://127.0.0.1:${port}`,
      DATA_UNIVERSE_USE_S3: 'true',
      DATA_UNIVERSE_S3_BUCKET: 'theirs',
      DATA_UNIVERSE_S3_AUTH_ENDPOINT: 'https://auth.example.com',
      SLUICE_ROLLOUT_PERCENTAGE: '100',
    })
    expect(code).toBe(0)
    expect(out).toContain('policy from environment')
    expect(out).toContain('bucket theirs')
    expect(err).toContain('not from the chain')
    expect(err).toContain('No chain endpoint can be used')
    expect(err).not.toContain('no policy on chain')
  })
})

describe('without a chain', () => {
  const dead = { SLUICE_CHAIN_ENDPOINT: 'ws://127.0.0.1:9' }

  it('explain, put and get go by the last good policy beside the state file, as upload does', async () => {
    const state = join(folder, 'kept', 'state.sqlite')
    expect((await run(0, `explain --state-file ${state}`)).code).toBe(0)
    const kept = await run(0, `explain --state-file ${state}`, dead)
    expect(kept.out).toContain('policy from last-good')
    expect(kept.err).toContain('stays in force')
    const path = join(folder, 'kept.txt')
    writeFileSync(path, 'kept')
    expect((await run(0, `put ${path} --state-file ${state}`, dead)).code).toBe(0)
    expect((await run(0, `get kept.txt -o ${path}.back --state-file ${state}`, dead)).code).toBe(0)
    expect((await run(0, `uploads list --state-file ${state}`, dead)).code).toBe(0)
  })

  it('a network named by a flag wins over an endpoint in the environment', async () => {
    const state = join(folder, 'named.sqlite')
    const { err } = await run(0, `explain --network ws://127.0.0.1:9 --state-file ${state}`)
    expect(err).toContain('127.0.0.1:9')
  })
})

describe('a wrong command line', () => {
  it.each([
    ['upload', '--db or SLUICE_DB is missing'],
    ['upload --netuid 70000 --db x', '--netuid must be'],
    ['upload --force-s3 maybe --db x', '--force-s3 must be true or false'],
    ['upload --retention forever --db x', '--retention'],
    ['upload --colour', 'unknown flag --colour'],
    ['status --state-file /nowhere/at/all.sqlite', '/nowhere/at/all.sqlite'],
    ['explain --subtensor.chain_endpoint http://x', 'is no chain endpoint'],
  ])('%s', async (line, told) => {
    const { code, err } = await run(0, line)
    expect(code).toBe(2)
    expect(err).toContain(told)
  })

  it('a wallet that is not there is another kind', async () => {
    expect(await run(0, 'upload --wallet.name nobody --db x')).toMatchObject({ code: 4 })
  })

  it('half a pair of keys is refused', async () => {
    expect((await run(0, 'upload --db x', { AWS_SECRET_ACCESS_KEY: '' })).err).toContain('set both AWS_ACCESS_KEY_ID')
    const half = await run(0, 'upload --db x', { SLUICE_ENCODING_PUBLIC_KEY: 'k' })
    expect(half.err).toContain('SLUICE_ENCODING_PRIVATE_KEY')
  })

  it('help lists exit codes and variables', async () => {
    const { code, out } = await run(0, '--help')
    expect(code).toBe(0)
    expect(out).toContain('Exit codes:')
    expect(out).toContain('SLUICE_HOTKEY_URI')
  })
})

it('the factory needs rows to read, and the hotkey may come from a URI', async () => {
  const options = {
    chain: { endpoints: [devnet.chain.url] },
    netuid: devnet.chain.netuid,
    hotkey: await hotkeyFromUri('//Miner//0'),
    stateFile: join(folder, 'factory.sqlite'),
    log: memoryLog(),
  }
  await expect(createStorageFromConfig(options)).rejects.toMatchObject({ code: 'BAD_SETTINGS' })
  const config = await createConfigFromChainOrEnv({ ...options, hotkey: options.hotkey.address })
  expect(config.plan.required).toEqual(['s3'])
  const { out } = await run(0, 'explain', { SLUICE_HOTKEY_URI: '//Miner//0' })
  expect(out).toContain(options.hotkey.address)
})
