import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bucket, openBucket } from './bucket.ts'
import { S3Error } from '../http/error.ts'
import type { BucketRecord } from './record.ts'

/** All buckets under one directory. */
export interface Store {
  /** @throws S3Error `NoSuchBucket` */
  bucket(name: string): Bucket
  buckets(): readonly Bucket[]
  /** Creating a bucket again is a success, as at radosgw for the same owner. @throws S3Error `InvalidBucketName` */
  create(name: string, settings: BucketRecord): Promise<void>
  /** @throws S3Error `NoSuchBucket`, `BucketNotEmpty` */
  remove(name: string): Promise<void>
}

/** S3's own rule: 3-63 lower-case letters, digits, dots and hyphens. Such a name cannot leave the directory. */
const BUCKET_NAME = /^[a-z0-9](?:[a-z0-9]|[.-](?![.-]))+[a-z0-9]$/

function isBucketName(name: string): boolean {
  return name.length >= 3 && name.length <= 63 && BUCKET_NAME.test(name) && !/^\d+\.\d+\.\d+\.\d+$/.test(name)
}

export async function openStore(directory: string): Promise<Store> {
  await mkdir(directory, { recursive: true })
  const open = new Map<string, Bucket>()
  const empty: BucketRecord = { created: 0, cors: [] }
  for (const name of await readdir(directory)) {
    if (isBucketName(name)) open.set(name, await openBucket(join(directory, name), name, empty))
  }
  const bucket = (name: string): Bucket => {
    const found = open.get(name)
    if (found === undefined) throw new S3Error('NoSuchBucket', 'The bucket does not exist.')
    return found
  }
  return {
    bucket,
    buckets: () => [...open.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    create: async (name, settings) => {
      if (!isBucketName(name)) throw new S3Error('InvalidBucketName', 'Use 3-63 lower-case letters, digits, . and -.')
      if (open.has(name)) return
      const created = await openBucket(join(directory, name), name, settings)
      if (!open.has(name)) open.set(name, created)
    },
    remove: async (name) => {
      if (bucket(name).keys().length > 0) throw new S3Error('BucketNotEmpty', 'Delete the objects first.')
      open.delete(name)
      await rm(join(directory, name), { recursive: true, force: true })
    },
  }
}
