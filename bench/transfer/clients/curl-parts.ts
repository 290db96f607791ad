// Parallel curl for the same job as ours: one object in parts. The pieces are cut beforehand, one file each; whoever holds
// the keys opens, signs and completes, curl sends.
import { spawnSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDirectSessions } from '@sluice/transfer/node'
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
  const entries = signed.map(({ url }, index) =>
    [`url = "${url}"`, `upload-file = "${files[index]?.path}"`, 'output = "/dev/null"', ''].join('\n'),
  )
  const told = 'write-out = "%{urlnum} %header{etag}\\n"'
  const head = ['parallel', `parallel-max = ${parallel}`, 'header = "Expect:"', 'fail', 'silent', told, '']
  writeFileSync(config, [...head, ...entries].join('\n'))
  const { status, stdout, stderr } = spawnSync('curl', ['-K', config], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`curl ended with ${status} ${stderr}`)
  const etags = new Map([...stdout.matchAll(/^(\d+) "?([^"\n]+)/gm)].map(([, number, etag]) => [Number(number), etag]))
  const stored = parts.map(({ partNumber }, index) => ({ partNumber, etag: etags.get(index) ?? '' }))
  await sessions.complete(session, stored)
})
