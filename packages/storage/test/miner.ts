import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite, type SqliteDatabase } from '@sluice/sqlite'
import { BackendError, createDirectoryBackend, type StorageBackend } from '@sluice/backends'
import { hotkeyFromUri } from '@sluice/chain'
import { MANIFEST_KEY, openManifest, readRows, type Manifest } from '@sluice/dataset'
import { createPolicy, type BackendName, type PolicySnapshot } from '@sluice/rollout'
import { readFileSync } from 'node:fs'
import { createDataUniverseSource } from '../src/export/data-universe.ts'
import { createDualStorage, type DualStorage, type DualStorageOptions } from '../src/dual-storage.ts'
import { type ConfigOptions, resolveConfig } from '../src/policy/in-force.ts'
import type { Log } from '../src/log.ts'

type PolicyInput = Parameters<typeof createPolicy>[0]

export const netuid = 13

/** A log that keeps its lines. */
export function memoryLog(): Log & { lines: string[] } {
  const lines: string[] = []
  const add = (_fields: object, message: string): void => void lines.push(message)
  return { lines, debug: add, info: add, warn: add, error: add }
}

export const s3Policy = (percentage: number, more: PolicyInput = {}): PolicyInput => ({
  useS3: true,
  useHuggingFace: true,
  s3: { bucketName: 'subnet-data', authEndpoint: 'https://auth.example.com/' },
  rolloutPercentage: percentage,
  ...more,
})

export function snapshotOf(input: PolicyInput, block = 100): PolicySnapshot {
  return { policy: createPolicy(input), origin: 'chain', block, blockHash: '0xab', warnings: [] }
}

/** A Data Universe database. */
export function openMinerDatabase(path: string): SqliteDatabase {
  const db = openSqlite(path)
  db.pragma('journal_mode = WAL')
  db.exec(`CREATE TABLE IF NOT EXISTS DataEntity(uri TEXT PRIMARY KEY, datetime TIMESTAMP(6), timeBucketId INT,
    source INT, label CHAR(32), content BLOB, contentSizeBytes INT) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS data_entity_bucket_index ON DataEntity(timeBucketId, source, label, contentSizeBytes);`)
  return db
}

export interface TestRow {
  uri: string
  hour?: number
  source?: number
  label?: string | null
  content?: string | Buffer
}

export function addRows(db: SqliteDatabase, rows: readonly TestRow[]): void {
  const insert = db.prepare('INSERT OR REPLACE INTO DataEntity VALUES (?, ?, ?, ?, ?, ?, ?)')
  db.transaction(() => {
    for (const { uri, hour = 480_000, source = 2, label = '#tao', content } of rows) {
      const bytes = Buffer.from(content ?? JSON.stringify({ text: `text of ${uri}`, url: uri, username: 'u' }))
      const datetime = `${new Date(hour * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')}+00:00`
      insert.run(uri, datetime, hour, source, label ?? 'NULL', bytes, bytes.length)
    }
  })()
}

export const manyRows = (count: number, from = 0): TestRow[] =>
  Array.from({ length: count }, (_none, at) => {
    const n = from + at
    return { uri: `https://x.com/u/status/${n}`, hour: 480_000 + (n % 7), source: n % 3 === 0 ? 1 : 2 }
  })

/** A fault: the backend is away. */
export function down(): never {
  throw new BackendError('UNAVAILABLE', 'away', { retryable: true })
}

/** A backend whose calls can be made to fail. */
function withFaults(
  backend: StorageBackend,
): StorageBackend & { fault: ((call: string, keys: readonly string[]) => void) | null; calls: string[] } {
  const calls: string[] = []
  const self = {
    name: backend.name,
    calls,
    fault: null as ((call: string, keys: readonly string[]) => void) | null,
    async *put(objects: Parameters<StorageBackend['put']>[0], options?: Parameters<StorageBackend['put']>[1]) {
      for (const object of objects) calls.push(`put ${object.key}`)
      self.fault?.(
        'put',
        objects.map((object) => object.key),
      )
      yield* backend.put(objects, options)
      self.fault?.(
        'stored',
        objects.map((object) => object.key),
      )
    },
    async stat(...args: Parameters<StorageBackend['stat']>) {
      self.fault?.('stat', [args[0]])
      return await backend.stat(...args)
    },
    async open(...args: Parameters<StorageBackend['open']>) {
      calls.push(`open ${args[0]}`)
      self.fault?.('open', [args[0]])
      return await backend.open(...args)
    },
    async *list(...args: Parameters<StorageBackend['list']>) {
      calls.push('list')
      self.fault?.('list', [])
      yield* backend.list(...args)
    },
    async delete(...args: Parameters<StorageBackend['delete']>) {
      calls.push(`delete ${args[0].join(' ')}`)
      self.fault?.('delete', args[0])
      await backend.delete(...args)
      self.fault?.('deleted', args[0])
    },
  }
  return self
}

export interface TestMiner {
  root: string
  db: SqliteDatabase
  dbPath: string
  stateFile: string
  address: string
  s3: ReturnType<typeof withFaults>
  hub: ReturnType<typeof withFaults>
  log: ReturnType<typeof memoryLog>
  policy: PolicyInput | null
  block: number
  config: Partial<ConfigOptions>
  /** Opens (again) the storage; closed by `close`. */
  open(options?: Partial<DualStorageOptions>): Promise<DualStorage>
  manifest(backend: BackendName): Promise<Manifest | null>
  /** URIs of all rows that the manifests of these backends list, with repetitions. */
  uris(...backends: BackendName[]): Promise<string[]>
  objects(backend: BackendName): Promise<string[]>
  sourceUris(): string[]
  close(): Promise<void>
}

export const newRoot = (): string => mkdtempSync(join(tmpdir(), 'sluice-storage-'))

/** A miner over directories: own database, two backends with faults, a policy that the test sets. */
export async function createTestMiner(uri = '//Miner//0', root = newRoot()): Promise<TestMiner> {
  const hotkey = await hotkeyFromUri(uri)
  const dbPath = join(root, 'miner.sqlite')
  const storages: DualStorage[] = []
  const backendOf = (name: string): StorageBackend => (name === 's3' ? miner.s3 : miner.hub)
  const miner: TestMiner = {
    root,
    db: openMinerDatabase(dbPath),
    dbPath,
    stateFile: join(root, 'state', 'miner.sqlite'),
    address: hotkey.address,
    s3: withFaults(createDirectoryBackend({ root: join(root, 's3'), name: 's3' })),
    hub: withFaults(createDirectoryBackend({ root: join(root, 'hub'), name: 'huggingface' })),
    log: memoryLog(),
    policy: {},
    block: 100,
    config: {},
    async open(options = {}) {
      const storage = await createDualStorage({
        netuid,
        hotkey,
        stateFile: miner.stateFile,
        rows: createDataUniverseSource({ dbPath: miner.dbPath, busyTimeoutMs: 50 }),
        readConfig: (signal) =>
          resolveConfig(
            {
              policySource: {
                read: async () => (miner.policy === null ? null : snapshotOf(miner.policy, miner.block)),
              },
              netuid,
              hotkey: hotkey.address,
              environment: {},
              log: miner.log,
              ...miner.config,
            },
            signal,
          ),
        openTarget: async (name, policy) => {
          const place = name === 's3' ? (policy.s3.bucketName ?? 'none') : 'someone/sluice_x'
          return { name, backend: backendOf(name), identity: `${name}:${place}`, place }
        },
        pointer: null,
        log: miner.log,
        calls: { sleep: async () => undefined, breakAfter: 1000 },
        limits: { recheckShare: 0 },
        ...options,
      })
      storages.push(storage)
      return storage
    },
    async manifest(name) {
      const opened = await backendOf(name).open(MANIFEST_KEY)
      if (opened === null) return null
      const bytes = new Uint8Array(await new Response(opened.body as never).arrayBuffer())
      return openManifest(bytes, { hotkey: hotkey.address, netuid, backend: name }).manifest
    },
    async uris(...names) {
      const found: string[] = []
      for (const name of names) {
        for (const file of (await miner.manifest(name))?.files ?? []) {
          if (file.source === null) continue
          const bytes = readFileSync(join(root, name === 's3' ? 's3' : 'hub', file.path))
          const reader = { bytes: bytes.length, read: async (start: number, end: number) => bytes.subarray(start, end) }
          for await (const row of readRows(reader)) found.push(String(row['uri'] ?? row['url']))
        }
      }
      return found.sort()
    },
    async objects(name) {
      const keys: string[] = []
      for await (const object of backendOf(name).list('')) keys.push(object.key)
      return keys
    },
    sourceUris: () => miner.db.prepare<[], string>('SELECT uri FROM DataEntity ORDER BY uri').pluck().all(),
    async close() {
      for (const storage of storages) await storage.close()
      miner.db.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
  return miner
}
