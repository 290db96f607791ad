import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { content, miner, openScene, type Reply, type Scene } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene({ adapters: ['knowlio'] })
})
afterAll(async () => await scene[Symbol.asyncDispose]())

describe('Knowlio', () => {
  const act = async (action: string, payload: object): Promise<Reply> =>
    await scene.as(miner).send('POST', '/actions', { processor_name: 's3_upload', action, payload })

  test('the Lambda’s actions', async () => {
    const key = 'large-files/myfile.zip'
    const start = await act('initiate_multipart_upload', { key, content_type: 'application/zip' })
    const { upload_id } = start.json as { upload_id: string }
    const part = await act('generate_presigned_part_upload_url', { key, upload_id, part_number: 1 })
    const sent = await fetch(part.json['url'] as string, { method: 'PUT', body: content(50) })
    const parts = [{ PartNumber: 1, ETag: sent.headers.get('etag') }]
    expect((await act('complete_multipart_upload', { key, upload_id, parts })).json).toMatchObject({ key })
    expect((await scene.store.head(`data/hotkey=${miner.address}/${key}`))?.bytes).toBe(50)
    expect((await act('drop_bucket', {})).status).toBe(422)
    expect((await act('initiate_multipart_upload', { key: '/etc/passwd' })).status).toBe(422)
    for (const content_type of ['\ud800', 'a\r\nb: c', 'é', ' text/plain']) {
      const single = await act('generate_presigned_upload_url', { key, content_type })
      expect([single.status, (await act('initiate_multipart_upload', { key, content_type })).status]).toEqual([
        422, 422,
      ])
    }
  })

  test('the routes of the browser sample', async () => {
    const client = scene.as(miner)
    const { json } = await client.send('POST', '/api/uploads/multipart/init', {
      key: 'b.zip',
      content_type: 'application/zip',
    })
    const { upload_id } = json as { upload_id: string }
    const { json: part } = await client.send('POST', '/api/uploads/multipart/part-url', {
      key: 'b.zip',
      upload_id,
      part_number: 1,
    })
    const sent = await fetch(part['url'] as string, { method: 'PUT', body: content(50) })
    const parts = [{ PartNumber: 1, ETag: sent.headers.get('etag') }]
    expect(
      (await client.send('POST', '/api/uploads/multipart/complete', { key: 'b.zip', upload_id, parts })).status,
    ).toBe(200)
  })
})

test('an adapter that is off is not there', async () => {
  await using plain = await openScene()
  const reply = await plain.gateway.handle({
    method: 'POST',
    target: '/get-folder-access',
    headers: {},
    body: new Uint8Array(0),
    address: 'x',
  })
  expect(reply.status).toBe(404)
})
