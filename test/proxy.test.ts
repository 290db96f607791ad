// Every client of ours through a proxy, and none around it.
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createBucketBackend,
  createBucketTransfer,
  createDirectAccess,
  createGatewayAccess,
  createHuggingFaceBackend,
  readAll,
} from '@sluice/backends'
import { hotkeyFromUri, openChain, publishPolicy } from '@sluice/chain'
import { startConnectProxy } from '@sluice/dev-faults'
import { startHub } from '@sluice/dev-hub'
import { type Devnet, startDevnet } from '@sluice/devnet'
import { type Proxies, proxiesFrom } from '@sluice/http'
import { createPolicy } from '@sluice/rollout'
import { fromBytes } from '@sluice/transfer'
import { toPath } from '@sluice/transfer/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const login = { user: 'me', password: 'secret-of-mine' }
const data = Buffer.alloc(12_000_000, 'row ')
let folder: string
let devnet: Devnet
let hub: Awaited<ReturnType<typeof startHub>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-proxy-'))
  devnet = await startDevnet({ directory: join(folder, 'devnet'), miners: 1, blockTimeMs: 0, gateway: true })
  hub = await startHub({ users: [{ name: 'alice', token: 'hf_alice' }] })
  const chain = openChain({ endpoints: [devnet.chain.url] })
  const s3 = { bucketName: devnet.bucket, authEndpoint: devnet.gateway?.url ?? '', region: devnet.s3.region }
  const policy = createPolicy({ useS3: true, s3, rolloutPercentage: 100 })
  const hotkey = await hotkeyFromUri(devnet.chain.owner.hotkeyUri)
  await publishPolicy(chain, { netuid: devnet.chain.netuid, hotkey, policy })
  await devnet.gateway?.refresh()
  await chain.close()
})
afterAll(async () => {
  await hub.close()
  await devnet.close()
  await rm(folder, { recursive: true, force: true })
})

interface Client {
  /** Where its connections go. */
  readonly hosts: () => readonly string[]
  readonly use: (proxies: Proxies) => Promise<void>
}

const host = (url: string): string => new URL(url).host

const clients: Readonly<Record<string, Client>> = {
  'uploads and downloads with credentials': {
    hosts: () => [host(devnet.s3.url)],
    use: async (proxies) => {
      const { accessKeyId, secretAccessKey, region, url: endpoint } = devnet.s3
      const credentials = { accessKeyId, secretAccessKey }
      const place = { bucket: devnet.bucket, prefix: 'direct/', region, endpoint, credentials, proxies }
      const transfer = createBucketTransfer(createDirectAccess(place), { partSize: 5_242_880, retry: { attempts: 1 } })
      try {
        await transfer.upload(fromBytes(data), { key: 'large' })
        const path = join(folder, 'large')
        await transfer.download('large', toPath(path))
        expect((await readFile(path)).equals(data)).toBe(true)
      } finally {
        transfer.close()
      }
    },
  },
  'uploads and reads through the gateway': {
    hosts: () => [host(devnet.gateway?.url ?? ''), host(devnet.s3.url)],
    use: async (proxies) => {
      const [miner] = devnet.miners
      if (miner === undefined) throw new Error('no miner')
      const access = createGatewayAccess({
        endpoints: [devnet.gateway?.url ?? ''],
        hotkey: await hotkeyFromUri(miner.uri),
        where: `s3://${devnet.bucket}/data/hotkey=${miner.hotkey}/`,
        allowPrivateEndpoints: true,
        proxies,
      })
      const backend = createBucketBackend(access)
      const path = join(folder, 'small')
      const rows = Buffer.from('some rows')
      await writeFile(path, rows)
      const sha256 = createHash('sha256').update(rows).digest('hex')
      for await (const result of backend.put([{ key: 'files/small', bytes: rows.length, sha256, source: { path } }])) {
        if ('error' in result) throw result.error
      }
      const opened = await backend.open('files/small')
      expect(await readAll(opened?.body ?? new ReadableStream(), 1000)).toEqual(new Uint8Array(rows))
    },
  },
  HuggingFace: {
    hosts: () => [host(hub.url)],
    use: async (proxies) => {
      const hubUrl = hub.url
      const backend = createHuggingFaceBackend({ repository: 'alice/rows', token: 'hf_alice', hubUrl, proxies })
      expect(await backend.stat('none')).toBeNull()
    },
  },
  'the chain': {
    hosts: () => [host(devnet.chain.url)],
    use: async (proxies) => {
      await using chain = openChain({ endpoints: [devnet.chain.url], proxies })
      expect((await chain.finalizedHead()).hash).toMatch(/^0x/)
    },
  },
}

describe.each(Object.entries(clients))('%s', (_, { hosts, use }) => {
  test('take the proxy, with user and password', async () => {
    await using proxy = await startConnectProxy({ login })
    await use(proxiesFrom({ all_proxy: proxy.urlWith(login.user, login.password) }))
    const seen = new Set(proxy.tunnels.map(({ target }) => target))
    expect([...seen].sort()).toEqual([...hosts()].sort())
    expect(proxy.tunnels.every(({ status }) => status === 200)).toBe(true)
  })
  test('get nowhere with a wrong password: nothing goes around it', async () => {
    await using proxy = await startConnectProxy({ login })
    const wrong = use(proxiesFrom({ all_proxy: proxy.urlWith(login.user, 'guessed') }))
    const error: unknown = await wrong.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code: 'PROXY', retryable: false, message: expect.stringContaining(proxy.url) })
    expect((error as Error).message).not.toMatch(/guessed|secret/)
    expect(proxy.tunnels.every(({ status }) => status === 407)).toBe(true)
    expect(proxy.tunnels.length).toBeGreaterThan(0)
  })
  test('go directly where NO_PROXY says so', async () => {
    await use(proxiesFrom({ all_proxy: 'http://127.0.0.1:9', no_proxy: '127.0.0.0/8,localhost' }))
  })
})
