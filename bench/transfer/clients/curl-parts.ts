// Parallel curl for the same job as ours: one object in parts. The pieces are cut beforehand, one file each; whoever holds
// the keys opens, signs and completes, curl sends.
import { spawnSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDirectSessions } from '@sluice/transfer/node'
import { curlConfig } from './curl-config.ts'
import { readTask, timed } from './task.ts'

const { endpoint, bucket, accessKeyId, secretAccessKey, files, parallel, scratch } = readTask()
const sessions = createDirectSessions({ bucket, endpoint, credentials: { accessKeyId, secretAccessKey } })
const config = join(scratch, 'curl.txt')

await timed(async () => {
  const sizes = files.map(({ path }) => statSync(path).size)
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  const session = await sessions.open({ key: 'pieces/whole.bin', bytes, partSize: sizes[0] ?? 0, checksum: 'none' })
  const parts = sizes.map((size, index) => ({ partNumber: index + 1, bytes: size }))
  const signed = await sessions.sign(session, parts)
  const uploads = signed.map(({ url }, index) => ({ url, path: files[index]?.path ?? '' }))
  writeFileSync(config, curlConfig(uploads, parallel, ['write-out = "%{urlnum} %header{etag}\\n"']))
  const { status, stdout, stderr } = spawnSync('curl', ['-K', config], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`curl ended with ${status} ${stderr}`)
  const etags = new Map([...stdout.matchAll(/^(\d+) "?([^"\n]+)/gm)].map(([, number, etag]) => [Number(number), etag]))
  const stored = parts.map(({ partNumber }, index) => ({ partNumber, etag: etags.get(index) ?? '' }))
  await sessions.complete(session, stored)
})
