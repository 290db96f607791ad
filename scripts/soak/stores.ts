import { createHash } from 'node:crypto'
import {
  createBucketBackend,
  createDirectAccess,
  createHuggingFaceBackend,
  readAll,
  type StorageBackend,
} from '@sluice/backends'
import { hotkeyPrefix, repositoryName } from '@sluice/hotkey'
import { MANIFEST_KEY, openManifest, readRows } from '@sluice/dataset'
import type { Devnet } from '@sluice/devnet'

const maxBytes = 1024 ** 3

/** One backend as the miner left it, read without the miner's code. */
export interface Store {
  readonly hotkey: string
  readonly backend: StorageBackend
}

/** Both backends of the devnet's only miner. */
export function openStores(devnet: Devnet): readonly Store[] {
  const [miner] = devnet.miners
  if (miner === undefined) throw new Error('the devnet has no miner')
  const { hotkey, hfUser, hfToken: token } = miner
  const { url: endpoint, region, accessKeyId, secretAccessKey } = devnet.s3
  const credentials = { accessKeyId, secretAccessKey }
  const repository = `${hfUser}/${repositoryName('sluice', hotkey)}`
  const access = createDirectAccess({
    bucket: devnet.bucket,
    prefix: hotkeyPrefix(hotkey),
    region,
    endpoint,
    credentials,
  })
  return [createBucketBackend(access), createHuggingFaceBackend({ repository, token, hubUrl: devnet.hub.url })].map(
    (backend) => ({ hotkey, backend }),
  )
}

/** URIs of all rows in the files that the signed manifest lists, with repetitions; every file's hash is checked. */
export async function storedUris({ hotkey, backend }: Store, netuid: number): Promise<string[]> {
  const { manifest } = openManifest(await read(backend, MANIFEST_KEY), { hotkey, netuid, backend: backend.name })
  const uris: string[] = []
  for (const file of manifest.files) {
    const data = await read(backend, file.path)
    const sha256 = createHash('sha256').update(data).digest('hex')
    if (sha256 !== file.sha256) throw new Error(`${backend.name}: ${file.path} is not what the manifest says`)
    const reader = { bytes: data.length, read: async (start: number, end: number) => data.subarray(start, end) }
    for await (const row of readRows(reader)) uris.push(String(row['uri']))
  }
  return uris
}

async function read(backend: StorageBackend, key: string): Promise<Uint8Array> {
  const opened = await backend.open(key)
  const data = opened === null ? null : await readAll(opened.body, maxBytes)
  if (data === null) throw new Error(`${backend.name} has no ${key}, or it is too large`)
  return data
}
