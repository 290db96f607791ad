import type { Hotkey } from '@sluice/hotkey'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDirectoryBackend, type PutObject, type StorageBackend } from '@sluice/backends'
import { hotkeyFromUri } from '@sluice/chain'
import {
  type DataRow,
  type ManifestFile,
  MANIFEST_KEY,
  sealManifest,
  sourceName,
  uriDigest,
  writePart,
} from '@sluice/dataset'
import { createPolicy, type PolicyInput } from '@sluice/rollout'
import type { Place } from '../src/check/miner-place.ts'
import { openSeenManifests } from '../src/check/manifest-history.ts'
import type { Subnet } from '../src/subnet.ts'
import { createValidatorFromPorts, type Validator, type ValidatorPorts } from '../src/validator.ts'

export const netuid = 13
export const hour = 489_000

export const sha256Of = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

export function rowsOf(count: number, source = 2, at = hour, tag = 'post'): DataRow[] {
  const rows = Array.from({ length: count }, (_, i): DataRow => {
    const uri = `https://x.com/user/status/${tag}-${at}-${i}`
    const datetime = new Date((at * 3600 + (i % 3600)) * 1000).toISOString()
    const content = new TextEncoder().encode(JSON.stringify({ text: `text of ${uri}`, url: uri, username: 'user' }))
    return { uri, datetime, timeBucketId: at, source, label: '#label', content, contentSizeBytes: content.length }
  })
  return rows.sort((a, b) => Buffer.compare(uriDigest(a.uri), uriDigest(b.uri)))
}

export interface Tree {
  readonly folder: string
  readonly backend: StorageBackend
}

/** Folders, miners and a validator over them; everything on disk, everything real. */
export async function openScene() {
  const base = await mkdtemp(join(tmpdir(), 'sluice-validator-'))
  const places = new Map<string, { s3?: Place; huggingface?: Place }>()
  const subnet = { block: 1000, policy: { useS3: true, useHuggingFace: true } as PolicyInput }
  const hotkeys: string[] = []
  let parts = 0

  return {
    base,
    subnet,
    places,
    async miner(uri: string): Promise<Hotkey> {
      const hotkey = await hotkeyFromUri(uri)
      hotkeys.push(hotkey.address)
      return hotkey
    },
    /** A backend for a miner, which the validator will find. */
    tree(hotkey: Hotkey, name: 's3' | 'huggingface'): Tree {
      const folder = join(base, name, hotkey.address)
      const backend = createDirectoryBackend({ root: folder, name })
      const missingRoot = name === 's3' ? 'unreachable' : 'absent'
      places.set(hotkey.address, { ...places.get(hotkey.address), [name]: { kind: 'open', backend, missingRoot } })
      return { folder, backend }
    },
    async part(tree: Tree, rows: readonly DataRow[], part = 1, of = 1): Promise<ManifestFile> {
      const [{ source, timeBucketId: at }] = rows as [DataRow]
      const directory = await mkdtemp(join(base, `part-${parts++}-`))
      const file = await writePart({ directory, source, hour: at, part, of, rows })
      const { key, bytes, sha256, path } = file
      await put(tree.backend, { key, bytes, sha256, source: { path } })
      return { path: key, bytes, sha256, rows: file.rows, source: sourceName(source), hour: at }
    },
    async manifest(
      tree: Tree,
      signer: Hotkey,
      files: readonly ManifestFile[],
      more: { backend?: string; sequence?: number; netuid?: number } = {},
    ): Promise<void> {
      const facts = { v: 1, backend: tree.backend.name, netuid, sequence: 1, previous: null, policyBlock: 1 } as const
      const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1))
      const createdAt = '2026-01-01T00:00:00.000Z'
      const data = await sealManifest({ ...facts, hotkey: signer.address, createdAt, ...more, files: sorted }, signer)
      await put(tree.backend, { key: MANIFEST_KEY, bytes: data.length, sha256: sha256Of(data), source: { data } })
    },
    async validator(options: Partial<ValidatorPorts> = {}): Promise<Validator> {
      const closed: Place = { kind: 'closed', verdict: 'absent', reason: 'nothing here' }
      return createValidatorFromPorts({
        readSubnet: async (): Promise<Subnet> => ({
          netuid,
          block: subnet.block,
          ownerHotkey: 'owner',
          neurons: hotkeys.map((hotkey, uid) => ({ uid, hotkey, validatorPermit: false })),
          snapshot: {
            policy: createPolicy(subnet.policy),
            origin: 'chain',
            block: 1000,
            blockHash: '0x00',
            warnings: [],
          },
          pointers: new Map(),
        }),
        placesOf: (hotkey) => ({ s3: closed, huggingface: closed, ...places.get(hotkey) }),
        seen: await openSeenManifests(),
        subnetMaxAgeMs: 0,
        random: () => 0,
        ...options,
      })
    },
    close: () => rm(base, { recursive: true, force: true }),
  }
}

export type Scene = Awaited<ReturnType<typeof openScene>>

export async function put(backend: StorageBackend, object: PutObject): Promise<void> {
  for await (const result of backend.put([object])) if (!result.ok) throw result.error
}

export async function readBytes(tree: Tree, path: string): Promise<Buffer> {
  return await readFile(join(tree.folder, path))
}
