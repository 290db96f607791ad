import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBucketBackend, createDirectAccess, type StorageBackend } from '@sluice/backends'
import { hotkeyFromUri, openChain, publishPolicy } from '@sluice/chain'
import { type Devnet, startDevnet } from '@sluice/devnet'
import { createPolicy, type PolicyInput } from '@sluice/rollout'
import { createStorageFromConfig, type DualStorage, type Log, type StorageOptions } from '@sluice/storage'
import { openSqlite } from '@sluice/sqlite'

/** A miner of an end-to-end test: its database can be filled, its storage runs cycles. */
interface TestMiner {
  readonly hotkey: string
  readonly storage: DualStorage
  readonly uris: string[]
  addRows(count: number): void
}

/** A devnet with miners on it, torn down by `close`. */
export interface TestSubnet {
  readonly devnet: Devnet
  readonly miners: readonly TestMiner[]
  /** How miners and validators reach the bucket. */
  readonly access: BucketRoute
  /** The whole bucket, read with the owner's credentials. */
  readonly bucket: StorageBackend
  publish(policy: PolicyInput): Promise<void>
  close(): Promise<void>
}

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** Through the subnet's gateway with the hotkey, or with the owner's credentials. */
export type BucketRoute = 'gateway' | 'direct'

export async function startSubnet(
  minerCount: number,
  access: BucketRoute,
  open: (options: StorageOptions) => Promise<DualStorage> = createStorageFromConfig,
): Promise<TestSubnet> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-e2e-'))
  const devnet = await startDevnet({
    directory: join(folder, 'devnet'),
    miners: minerCount,
    validators: 1,
    gateway: access === 'gateway',
  })
  const credentials = { accessKeyId: devnet.s3.accessKeyId, secretAccessKey: devnet.s3.secretAccessKey }
  const chain = openChain({ endpoints: [devnet.chain.url] })
  const owner = await hotkeyFromUri('//Alice//hot')
  const miners = await Promise.all(
    devnet.miners.map(async ({ uri, hotkey, walletName, hfToken }): Promise<TestMiner> => {
      const dbPath = join(folder, `${walletName}.sqlite`)
      createTable(dbPath)
      const storage = await open({
        chain: { endpoints: [devnet.chain.url] },
        netuid: devnet.chain.netuid,
        hotkey: await hotkeyFromUri(uri),
        dbPath,
        stateFile: join(folder, `${walletName}.state`),
        huggingFace: { token: hfToken, hubUrl: devnet.hub.url },
        ...(access === 'gateway'
          ? { trust: { allowPrivateEndpoints: true } }
          : { s3: { endpoint: devnet.s3.url, credentials } }),
        environment: {},
        log: silent,
        calls: { attempts: 2, backoffMs: 10, maxBackoffMs: 20, breakMs: 1 },
      })
      const uris: string[] = []
      return { hotkey, storage, uris, addRows: (count) => uris.push(...insertRows(dbPath, hotkey, uris.length, count)) }
    }),
  )
  return {
    devnet,
    miners,
    access,
    bucket: createBucketBackend(createDirectAccess({ bucket: devnet.bucket, endpoint: devnet.s3.url, credentials })),
    publish: async (policy) => {
      await publishPolicy(chain, { netuid: devnet.chain.netuid, hotkey: owner, policy: createPolicy(policy) })
      await devnet.gateway?.refresh()
    },
    close: async () => {
      for (const miner of miners) await miner.storage.close()
      await chain.close()
      await devnet.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function createTable(path: string): void {
  const database = openSqlite(path)
  database.pragma('journal_mode = WAL')
  database.exec(`
    CREATE TABLE DataEntity (uri TEXT PRIMARY KEY, datetime TIMESTAMP(6), timeBucketId INT, source INT,
      label CHAR(32), content BLOB, contentSizeBytes INT) WITHOUT ROWID;
    CREATE INDEX data_entity_bucket_index ON DataEntity (timeBucketId, source, label, contentSizeBytes);`)
  database.close()
}

function insertRows(path: string, hotkey: string, from: number, count: number): string[] {
  const database = openSqlite(path)
  const insert = database.prepare('INSERT INTO DataEntity VALUES (?, ?, ?, ?, ?, ?, ?)')
  const uris: string[] = []
  database.transaction(() => {
    for (let number = from; number < from + count; number++) {
      const hour = 480_000 + (number % 3)
      const uri = `https://x.com/${hotkey.slice(0, 8)}/status/${number}`
      const text = createHash('sha256').update(uri).digest('hex')
      const content = Buffer.from(JSON.stringify({ username: '@a', text, url: uri, tweet_hashtags: ['#bittensor'] }))
      const when = new Date(hour * 3_600_000).toISOString().slice(0, 19).replace('T', ' ') + '+00:00'
      insert.run(uri, when, hour, 2, number % 2 === 0 ? '#bittensor' : 'NULL', content, content.length)
      uris.push(uri)
    }
  })()
  database.close()
  return uris
}
