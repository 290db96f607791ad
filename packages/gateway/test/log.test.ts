import { expect, test } from 'vitest'
import { createLog } from '../src/log.ts'
import { content, miner, openScene, outside } from './scene.ts'

test('the log tells the life of an upload, and why a request was refused', async () => {
  const lines: Record<string, unknown>[] = []
  const log = createLog('info', {
    write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]),
  })
  let now = Date.now()
  await using scene = await openScene({ log, now: () => now })
  const client = scene.as(miner)
  const open = async (key: string): Promise<{ upload_id: string; key: string }> => {
    const init = { key, bytes: 5, part_size: 5, checksum: 'none' }
    const { json } = await client.send('POST', '/uploads/multipart/init', init)
    return { upload_id: json['upload_id'] as string, key }
  }
  const upload = await open('a')
  const ask = { ...upload, parts: [{ part_number: 1, bytes: 5 }] }
  const { json } = await client.send('POST', '/uploads/multipart/part-url', ask)
  const [signed] = json['parts'] as { url: string }[]
  const sent = await fetch(signed!.url, { method: 'PUT', body: content(5) })
  now += 7_000
  const parts = [{ part_number: 1, etag: sent.headers.get('etag') }]
  expect((await client.send('POST', '/uploads/multipart/complete', { ...upload, parts })).status).toBe(200)
  // The same answer again is no second upload.
  expect((await client.send('POST', '/uploads/multipart/complete', { ...upload, parts })).status).toBe(200)
  const other = await open('b')
  await client.send('DELETE', `/uploads/multipart/abort?upload_id=${other.upload_id}&key=b`)
  await scene.as(outside).send('POST', '/uploads/url', { key: 'c', bytes: 1 })

  const hotkey = miner.address
  const key = `data/hotkey=${hotkey}/a`
  const events = lines.filter(({ msg }) => msg !== 'request')
  expect(events).toMatchObject([
    { msg: 'upload opened', hotkey, key, bytes: 5, maxParts: 1 },
    { msg: 'upload completed', hotkey, key, bytes: 5, parts: 1, seconds: 7 },
    { msg: 'upload opened', hotkey, bytes: 5, maxParts: 1 },
    { msg: 'upload aborted', hotkey, key: `data/hotkey=${hotkey}/b`, bytes: 5 },
  ])
  const requests = lines.filter(({ msg }) => msg === 'request')
  expect(requests.at(-1)).toMatchObject({ status: 403, code: 'NOT_IN_COHORT', hotkey: outside.address })
  expect(requests.slice(0, -1).filter((line) => 'code' in line)).toEqual([])
})
