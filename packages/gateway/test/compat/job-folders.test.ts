import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { defaultFolderBounds, listJobFolders } from '../../src/compat/job-folders.ts'
import { miner, openScene, other } from '../scene.ts'

/** A bucket of miners `m0`, `m1`, … with so many folders each, that counts what is asked of it at once. */
function storeOf(counts: readonly number[]): { folders: (prefix: string) => Promise<string[]>; atOnce: () => number } {
  let running = 0
  let most = 0
  return {
    atOnce: () => most,
    folders: async (prefix) => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      if (prefix === 'data/hotkey=') return counts.map((_, index) => `data/hotkey=m${index}/`)
      const index = Number(/hotkey=m(\d+)\/job_id=$/.exec(prefix)?.[1])
      return Array.from({ length: counts[index] ?? 0 }, (_, job) => `${prefix}${job}/`)
    },
  }
}

test('miners with more folders than there is room for push nobody out, and few are asked for at once', async () => {
  const store = storeOf([1000, 3, 0, ...Array.from({ length: 30 }, () => 1000), 7])
  const miners = await listJobFolders(store, defaultFolderBounds)
  const jobs = new Map(miners.map(({ path, jobs }) => [path.slice('data/hotkey='.length, -1), jobs.length]))
  expect([jobs.get('m0'), jobs.get('m1'), jobs.get('m2'), jobs.get('m33')]).toEqual([322, 3, undefined, 7])
  const sum = [...jobs.values()].reduce((one, another) => one + another, 0)
  expect(sum).toBeGreaterThan(9_900)
  expect(sum).toBeLessThanOrEqual(10_000)
  expect(store.atOnce()).toBeLessThanOrEqual(8)
})

test('what has room is listed whole', async () => {
  const miners = await listJobFolders(storeOf([2, 1]), { minerPages: 1, folders: 3, parallel: 1 })
  expect(miners).toEqual([
    { path: 'data/hotkey=m0/', jobs: ['data/hotkey=m0/job_id=0/', 'data/hotkey=m0/job_id=1/'] },
    { path: 'data/hotkey=m1/', jobs: ['data/hotkey=m1/job_id=0/'] },
  ])
  expect(await listJobFolders(storeOf([]))).toEqual([])
})

test('of one miner the store is asked for one page, whatever lies beside its folders', async () => {
  await using scene = await openScene()
  const { url: endpoint, region, bucket: Bucket, ...credentials } = scene.s3
  const { accessKeyId, secretAccessKey } = credentials
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
  const prefix = `data/hotkey=${miner.address}/`
  const keys = [
    ...Array.from({ length: 1002 }, (_, n) => `${prefix}job_id=${String(n).padStart(4, '0')}/x`),
    `${prefix}another/x`,
    `data/hotkey=${other.address}/job_id=own/x`,
  ]
  for (let at = 0; at < keys.length; at += 50) {
    const some = keys.slice(at, at + 50)
    await Promise.all(some.map(async (Key) => await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))))
  }
  client.destroy()
  const miners = await listJobFolders(scene.store)
  const jobs = new Map(miners.map(({ path, jobs }) => [path, jobs]))
  expect(jobs.get(prefix)).toHaveLength(1000)
  expect(jobs.get(`data/hotkey=${other.address}/`)).toEqual([`data/hotkey=${other.address}/job_id=own/`])
  expect(await scene.store.folders(`${prefix}job_id=`, 2)).toHaveLength(1002)
})
