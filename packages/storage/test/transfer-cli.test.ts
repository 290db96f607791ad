import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { hotkeyFromUri, openChain, publishPolicy } from '@sluice/chain'
import { type Devnet, startDevnet } from '@sluice/devnet'
import { createPolicy } from '@sluice/rollout'
import { createDirectSessions } from '@sluice/transfer/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { runCli, type RunOptions } from './run-cli.ts'

let devnet: Devnet
let folder: string
/** How the bucket is reached. */
let route: 'gateway' | 'credentials'
const MIB = 1024 * 1024

async function publish(rolloutPercentage: number): Promise<void> {
  const chain = openChain({ endpoints: [devnet.chain.url] })
  const s3 = { bucketName: devnet.bucket, authEndpoint: devnet.gateway?.url ?? null }
  const policy = createPolicy({ useS3: true, useHuggingFace: true, rolloutPercentage, s3 })
  try {
    await publishPolicy(chain, { netuid: devnet.chain.netuid, hotkey: await hotkeyFromUri('//Alice//hot'), policy })
    await devnet.gateway?.refresh()
  } finally {
    await chain.close()
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-put-'))
  const common = { directory: join(folder, 'devnet'), miners: 1, validators: 1, gateway: true }
  const url = process.env['SLUICE_TEST_S3_ENDPOINT'] ?? ''
  const accessKeyId = process.env['SLUICE_TEST_S3_ACCESS_KEY'] ?? ''
  const secretAccessKey = process.env['SLUICE_TEST_S3_SECRET_KEY'] ?? ''
  // scripts/test-s3.ts names a real server.
  const outside = { s3: { url, accessKeyId, secretAccessKey }, bucket: `cli-${randomBytes(6).toString('hex')}` }
  devnet = await startDevnet(url === '' ? common : { ...common, ...outside })
  await publish(100)
})
afterAll(async () => {
  await devnet.close()
  rmSync(folder, { recursive: true, force: true })
})
afterEach(() => devnet.s3.faults?.clear())

interface Ran {
  readonly code: number
  readonly out: readonly string[]
  readonly err: string
  readonly last: Record<string, unknown>
}
async function run(words: readonly string[], more: Partial<RunOptions> = {}): Promise<Ran> {
  const environment = {
    SLUICE_NETUID: String(devnet.chain.netuid),
    SLUICE_CHAIN_ENDPOINT: devnet.chain.url,
    SLUICE_WALLET_PATH: devnet.walletPath,
    SLUICE_WALLET_NAME: devnet.miners[0]!.walletName,
    SLUICE_STATE_FILE: join(folder, `${route}.sqlite`),
    ...(route === 'gateway'
      ? { SLUICE_ALLOW_PRIVATE_ENDPOINTS: 'true' }
      : {
          SLUICE_S3_ENDPOINT: devnet.s3.url,
          AWS_ACCESS_KEY_ID: devnet.s3.accessKeyId,
          AWS_SECRET_ACCESS_KEY: devnet.s3.secretAccessKey,
        }),
  }
  const ran = await runCli(words, { environment, ...more })
  const out = ran.out.split('\n').filter(Boolean)
  const isJson = words.some((word) => word.startsWith('--json'))
  const last = isJson && out.length > 0 ? (JSON.parse(out.at(-1)!) as Ran['last']) : {}
  return { ...ran, out, last }
}
function file(name: string, content: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

describe.each(['gateway', 'credentials'] as const)('by %s', (how) => {
  beforeAll(() => void (route = how))
  describe('put and get', () => {
    it('stores files below files/ of the own prefix and reads them back', async () => {
      const [small, large] = [randomBytes(1000), randomBytes(21 * MIB)]
      const paths = [file('small.bin', small), file('large.bin', large)]
      const put = await run(['put', ...paths, '--prefix', 'models/v1', '--part-size', '5MiB'])
      expect(put.code).toBe(0)
      expect(put.err).toContain(`data/hotkey=${devnet.miners[0]!.hotkey}/files/models/v1/large.bin`)
      expect(put.out.join()).toContain('2 of 2 files are stored')
      const target = join(folder, 'back.bin')
      const got = await run(['get', 'models/v1/large.bin', '-o', target, '--json'])
      expect(got.last).toMatchObject({ type: 'summary', proof: 'crc32', plain_bytes: large.length })
      expect(readFileSync(target).equals(large)).toBe(true)
      expect(existsSync(`${target}.part`)).toBe(false)
      const bytesOut = new PassThrough()
      expect((await run(['get', 'files/models/v1/small.bin', '-o', '-'], { bytesOut })).code).toBe(0)
      expect(Buffer.from(bytesOut.read() as Uint8Array).equals(small)).toBe(true)
    })

    // A real server does not hang when it is asked to.
    it.skipIf(process.env['SLUICE_TEST_S3_ENDPOINT'])(
      'sends many small files at once: twelve that hang do not hold up the others',
      async () => {
        const paths = Array.from({ length: 20 }, (_, index) => file(`many-${index}.bin`, randomBytes(1000)))
        devnet.s3.faults?.add({ method: 'PUT', path: /many-/, times: 12, kind: 'stall' })
        const stop = new AbortController()
        let stored = 0
        const onLine = (line: string): void => {
          if ((JSON.parse(line) as { type: string }).type === 'part' && ++stored === 8) stop.abort(new Error('SIGINT'))
        }
        expect((await run(['put', ...paths, '--json=events'], { onLine, signal: stop.signal })).code).toBe(130)
        expect(stored).toBe(8)
      },
    )

    it.each(['gzip', 'zstd'])('sends compressed with %s and gives the plain bytes back', async (format) => {
      const content = Buffer.from('the same again and again, '.repeat(400_000))
      const put = await run([
        'put',
        file('text.txt', content),
        '--compress',
        format,
        '--key',
        `${format}.txt`,
        '--json',
      ])
      expect(put.last).toMatchObject({ stored: 1, of: 1, files: [{ sha256: sha256(content), error: null }] })
      const target = join(folder, `${format}.out`)
      expect((await run(['get', `${format}.txt`, '-o', target])).code).toBe(0)
      expect(readFileSync(target).equals(content)).toBe(true)
      expect((await run(['get', `${format}.txt`, '-o', target, '--raw'])).code).toBe(0)
      expect(readFileSync(target).length).toBeLessThan(content.length / 10)
    })

    it('notes type and metadata beside the object', async () => {
      const path = file('noted.csv', Buffer.from('a,b'))
      const words = ['put', path, '--content-type', 'text/csv', '--metadata', 'run=7', 'note=a=b']
      expect((await run(words)).code).toBe(0)
      const { url, accessKeyId, secretAccessKey } = devnet.s3
      const sessions = createDirectSessions({
        bucket: devnet.bucket,
        endpoint: url,
        credentials: { accessKeyId, secretAccessKey },
      })
      const object = await sessions.stat(`data/hotkey=${devnet.miners[0]!.hotkey}/files/noted.csv`)
      expect(object?.metadata).toMatchObject({ run: '7', note: 'a=b' })
      const wrong = await run(['put', path, '--metadata', 'Run'])
      expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--metadata')])
    })

    it('says what it would do, and does nothing', async () => {
      const path = file('dry.bin', randomBytes(12 * MIB))
      const ran = await run(['put', path, '--dry-run', '--json', '--part-size', '5MiB'])
      expect(ran.last).toMatchObject({ type: 'plan', files: [{ key: 'files/dry.bin', kind: 'parts', parts: 3 }] })
      expect((await run(['put', path, '--dry-run'])).out.join()).toContain('files/dry.bin')
      expect((await run(['get', 'dry.bin', '-o', join(folder, 'dry.out')])).code).toBe(3)
    })

    it('takes parts larger than the usual memory', async () => {
      const path = file('wide.bin', randomBytes(71 * MIB))
      const ran = await run(['put', path, '--json=events', '--part-size', '70MiB'])
      expect(ran.last).toMatchObject({ stored: 1, files: [{ error: null }] })
      expect(ran.out.filter((line) => line.includes('"type":"part"'))).toHaveLength(2)
    })

    it('draws bars on a terminal', async () => {
      const ran = await run(['put', file('bar.bin', randomBytes(6 * MIB))], { columns: 100 })
      expect(ran.code).toBe(0)
      const drawn = ran.err
      expect(drawn).toMatch(/files\/bar\.bin .*100 %/)
      expect(drawn).toContain('is stored as s3://')
    })
  })

  describe('stopping and going on', () => {
    /** Stops when the second part is stored. */
    async function stopHalfWay(path: string): Promise<Ran> {
      const stop = new AbortController()
      devnet.s3.faults?.add({ method: 'PUT', path: /partNumber=4/, kind: 'stall' })
      const onLine = (line: string): void => {
        if ((JSON.parse(line) as { type: string }).type === 'part') parts++
        if (parts === 2) stop.abort(new Error('SIGINT'))
      }
      let parts = 0
      const words = ['put', path, '--json=events', '--part-size', '5MiB', '--concurrency', '2']
      const ran = await run(words, { onLine, signal: stop.signal })
      devnet.s3.faults?.clear()
      return ran
    }

    it('goes on with the parts that are there', async () => {
      const content = randomBytes(26 * MIB)
      const path = file('stopped.bin', content)
      const stopped = await stopHalfWay(path)
      expect(stopped.code).toBe(130)
      expect(stopped.err).toContain('The same command again goes on with them')
      const list = await run(['uploads', 'list'])
      expect(list.out.join()).toMatch(/files\/stopped\.bin.*stopped\.bin/s)
      const again = await run(['put', path, '--json', '--part-size', '5MiB', '--concurrency', '2'])
      expect(again.last).toMatchObject({ stored: 1, files: [{ sha256: sha256(content) }] })
      expect((again.last['files'] as { parts_kept: number }[])[0]?.parts_kept).toBeGreaterThanOrEqual(2)
      expect((await run(['uploads', 'list'])).out.join()).toContain('no unfinished uploads')
    })

    it('gives up what nobody will finish', async () => {
      await stopHalfWay(file('given-up.bin', randomBytes(26 * MIB)))
      expect((await run(['uploads', 'abort'])).code).toBe(2)
      expect((await run(['uploads', 'abort', '--all', '--older-than', '2', '--json'])).last).toMatchObject({
        aborted: [],
      })
      const aborted = await run(['uploads', 'abort', 'given-up.bin', '--json'])
      expect(aborted.last).toMatchObject({ aborted: [{ key: 'files/given-up.bin' }] })
      expect((await run(['uploads', 'list', '--json'])).last).toMatchObject({ uploads: [] })
    })
  })

  describe('refusals', () => {
    it.each([
      [['put', 'nowhere.bin'], 2, /cannot read nowhere\.bin/],
      [['put', tmpdir()], 2, /no regular file/],
      [['put', 'a', '--part-size', 'huge'], 2, /--part-size must be a size/],
      [['put', 'a', '--compress', 'rar'], 2, /--compress/],
      [['put', 'a', '--memory', 'much'], 2, /--memory must be a size/],
      [['get', 'a', '--stall', '0'], 2, /--stall/],
      [['put', 'a', 'b', '--key', 'c'], 2, /--key names one file/],
      [['get', '../outside'], 2, /is not allowed/],
      [['get', 'absent.bin', '-o', '/dev/null/x'], 3, /no object/],
      [['get', 'absent.bin', '--sha256', 'abc'], 2, /--sha256/],
    ] as const)('%j', async (words, code, message) => {
      const ran = await run(words)
      expect(ran.err).toMatch(message)
      expect(ran.code).toBe(code)
    })

    it('does not mix bytes and JSON', async () => {
      const ran = await run(['get', 'absent.bin', '-o', '-', '--json'])
      expect([ran.code, ran.last]).toMatchObject([2, { error: { code: 'USAGE' } }])
    })

    it('refuses two files of one name', async () => {
      mkdirSync(join(folder, 'other'), { recursive: true })
      const ran = await run(['put', file('same.bin', randomBytes(3)), file('other/same.bin', randomBytes(3))])
      expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('would both be stored as files/same.bin')])
    })

    it('never shows a file that is not what was asked for', async () => {
      const target = join(folder, 'wrong.bin')
      await run(['put', file('right.bin', randomBytes(2 * MIB))])
      const ran = await run(['get', 'right.bin', '-o', target, '--sha256', 'a'.repeat(64)])
      expect([ran.code, existsSync(target), existsSync(`${target}.part`)]).toEqual([3, false, false])
      expect(ran.err).toContain('SHA-256 differs')
    })

    it('keeps to the policy unless it is overruled', async () => {
      await publish(0)
      const path = file('outside.bin', randomBytes(10))
      const ran = await run(['put', path])
      const hint = route === 'gateway' ? 'wait until the policy' : '--force-s3 true does it'
      expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('does not store in S3')])
      expect(ran.err).toContain(hint)
      const forced = await run(['put', path, '--force-s3', 'true'])
      expect(forced.code).toBe(route === 'gateway' ? 3 : 0) // the gateway keeps to the policy, whoever overrules it here
      if (route === 'gateway') expect(forced.err).toMatch(/is in vain.*NOT_IN_COHORT/s)
      await publish(100)
    })
  })
})

it('gives up what other programs started, by the key that list shows', async () => {
  route = 'credentials'
  const { url: endpoint, accessKeyId, secretAccessKey } = devnet.s3
  const prefix = `data/hotkey=${devnet.miners[0]!.hotkey}/`
  const credentials = { accessKeyId, secretAccessKey }
  const sessions = createDirectSessions({ bucket: devnet.bucket, prefix, endpoint, credentials })
  const request = { bytes: null, partSize: 5 * MIB, checksum: 'none' } as const
  for (const key of ['data/of another', 'files/kept']) await sessions.open({ ...request, key })
  expect((await run(['uploads', 'abort', 'data/of another', '--json'])).last).toMatchObject({
    aborted: [{ key: 'data/of another' }],
  })
  expect((await run(['uploads', 'abort', 'kept', '--json'])).last).toMatchObject({ aborted: [{ key: 'files/kept' }] })
})

it('calls nobody whom the policy may not name', async () => {
  route = 'gateway'
  const path = file('guarded.bin', randomBytes(10))
  const environment = {
    SLUICE_NETUID: String(devnet.chain.netuid),
    SLUICE_CHAIN_ENDPOINT: devnet.chain.url,
    SLUICE_WALLET_PATH: devnet.walletPath,
    SLUICE_WALLET_NAME: devnet.miners[0]!.walletName,
    SLUICE_STATE_FILE: join(folder, 'guarded.sqlite'),
  }
  expect((await run(['put', path], { environment })).err).toContain('it is not https')
  const pinned = { ...environment, SLUICE_ALLOW_PRIVATE_ENDPOINTS: 'true', SLUICE_PINNED_HOSTS: 'gateway.example.com' }
  const ran = await run(['put', path], { environment: pinned })
  expect([ran.code, ran.err]).toEqual([3, expect.stringContaining('none of the pinned hosts')])
})
