import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { content, miner, openScene, other, type Reply, type Scene } from '../scene.ts'

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

  test('parts that are there are listed, and an object can be fetched, by action and by route', async () => {
    const client = scene.as(miner)
    const key = 'folder/c d.zip'
    const { upload_id } = (await act('initiate_multipart_upload', { key })).json as { upload_id: string }
    const etags: (string | null)[] = []
    for (const part_number of [1, 2]) {
      const part = await act('generate_presigned_part_upload_url', { key, upload_id, part_number })
      const size = part_number === 1 ? 5 * 1024 * 1024 : 7
      const sent = await fetch(part.json['url'] as string, { method: 'PUT', body: content(size) })
      etags.push(sent.headers.get('etag'))
    }
    const parts = [
      { PartNumber: 1, ETag: etags[0], Size: 5 * 1024 * 1024 },
      { PartNumber: 2, ETag: etags[1], Size: 7 },
    ]
    const listed = { key, upload_id, parts, next: null }
    expect((await act('list_parts', { key, upload_id })).json).toEqual(listed)
    const query = new URLSearchParams({ key, upload_id }).toString()
    expect((await client.send('GET', `/api/uploads/multipart/parts?${query}`)).json).toEqual(listed)
    const rest = await client.send('GET', `/api/uploads/multipart/parts?${query}&after=1`)
    expect(rest.json['parts']).toEqual(parts.slice(1))
    const foreign = await scene.as(other).send('GET', `/api/uploads/multipart/parts?${query}`)
    expect(foreign.json.error?.code).toBe('NO_SUCH_UPLOAD')

    const route = `/api/uploads/download/${encodeURIComponent(key)}`
    expect((await act('generate_presigned_download_url', { key })).json.error?.code).toBe('NO_SUCH_KEY')
    expect((await client.send('GET', route)).json.error?.code).toBe('NO_SUCH_KEY')
    await act('complete_multipart_upload', { key, upload_id, parts })
    for (const reply of [await act('generate_presigned_download_url', { key }), await client.send('GET', route)]) {
      expect(reply.json['key']).toBe(key)
      const bytes = await (await fetch(reply.json['url'] as string)).arrayBuffer()
      expect(bytes.byteLength).toBe(5 * 1024 * 1024 + 7)
    }
    expect((await scene.as(other).send('GET', route)).json.error?.code).toBe('NO_SUCH_KEY')
    expect((await client.send('GET', '/api/uploads/download/..%2fx')).json.error?.code).toBe('BAD_REQUEST')
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
