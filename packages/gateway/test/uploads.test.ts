import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isOutside } from './s3-place.ts'
import { storeError } from '../src/store/s3-errors.ts'
import { content, crc32Base64, miner, openScene, other, put, type Reply, type Scene, validator } from './scene.ts'

const MiB = 1024 * 1024
let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(async () => await scene[Symbol.asyncDispose]())

interface Signed {
  part_number?: number
  url: string
  headers: Record<string, string>
  expires_at: string
}
const signed = (reply: Reply): Signed => reply.json as unknown as Signed
const partsOf = (reply: Reply): Signed[] => reply.json['parts'] as Signed[]

/** Opens an upload of `bytes` in parts of 5 MiB and gives URLs for all of them. */
async function begin(
  key: string,
  body: Uint8Array,
): Promise<{ uploadId: string; bodies: Uint8Array[]; urls: Signed[] }> {
  const init = await scene
    .as(miner)
    .send('POST', '/uploads/multipart/init', { key, bytes: body.length, part_size: 5 * MiB })
  expect(init.status).toBe(200)
  const uploadId = init.json['upload_id'] as string
  const bodies = Array.from({ length: Math.ceil(body.length / (5 * MiB)) }, (_, n) =>
    body.subarray(n * 5 * MiB, (n + 1) * 5 * MiB),
  )
  const parts = bodies.map((part, n) => ({ part_number: n + 1, bytes: part.length, checksum_crc32: crc32Base64(part) }))
  const reply = await scene.as(miner).send('POST', '/uploads/multipart/part-url', { upload_id: uploadId, key, parts })
  expect(reply.status).toBe(200)
  return { uploadId, bodies, urls: partsOf(reply) }
}

describe('a single PUT', () => {
  test('goes to the signer’s prefix, with type, metadata, length and checksum bound', async () => {
    const body = content(1000)
    const reply = await scene.as(miner).send('POST', '/uploads/url', {
      key: 'source=x/bucket=480000/a file (1).parquet',
      bytes: body.length,
      content_type: 'application/vnd.apache.parquet',
      metadata: { note: "it's  =   fine" },
      sha256: 'ab'.repeat(32),
      checksum_crc32: crc32Base64(body),
    })
    expect(reply).toMatchObject({
      status: 200,
      json: { key: 'source=x/bucket=480000/a file (1).parquet', method: 'PUT' },
    })
    const request = signed(reply)
    expect(new URL(request.url).pathname).toContain(`/data/hotkey%3D${miner.address}/source%3Dx/`)
    expect((await put(request, content(1000, 2))).status).toBe(400)
    expect((await put(request, body.subarray(1))).status).toBe(403)
    expect((await put(request, body, { 'content-type': 'text/html' })).status).toBe(403)
    expect((await put(request, body)).status).toBe(200)

    const stat = await scene.as(miner).send('GET', `/uploads/stat/source%3Dx/bucket%3D480000/a%20file%20(1).parquet`)
    expect(stat.json).toMatchObject({ bytes: 1000, metadata: { note: "it's  =   fine", sha256: 'ab'.repeat(32) } })
    const download = await scene
      .as(miner)
      .send('GET', '/uploads/download/source=x/bucket=480000/a%20file%20(1).parquet')
    const stored = await fetch(signed(download).url)
    expect(new Uint8Array(await stored.arrayBuffer())).toEqual(body)
    expect(stored.headers.get('content-type')).toBe('application/vnd.apache.parquet')
  })

  test('more than a PUT takes is refused before anything is signed', async () => {
    const reply = await scene.as(miner).send('POST', '/uploads/url', { key: 'a', bytes: 5 * 1024 * MiB + 1 })
    expect(reply.json.error).toMatchObject({ code: 'TOO_LARGE' })
  })
})

describe('a multipart upload', () => {
  test('is signed, sent, listed, completed once, and completing again gives the same answer', async () => {
    const body = content(11 * MiB)
    const { uploadId, bodies, urls } = await begin('files/big', body)
    expect(urls).toHaveLength(3)
    const etags = await Promise.all(
      urls.map(async (url, n) => {
        expect((await put(url, content(bodies[n]!.length, 9))).status).toBe(400)
        return (await put(url, bodies[n]!)).headers.get('etag')!
      }),
    )
    const name = `upload_id=${encodeURIComponent(uploadId)}&key=files%2Fbig`
    const list = await scene.as(miner).send('GET', `/uploads/multipart/parts?${name}&after=1`)
    expect(list.json['parts']).toEqual(
      [1, 2].map((n) => ({
        part_number: n + 1,
        etag: etags[n],
        bytes: bodies[n]!.length,
        checksum_crc32: crc32Base64(bodies[n]!),
      })),
    )
    const open = await scene.as(miner).send('GET', '/uploads/multipart/list?prefix=files%2F')
    expect(open.json['uploads']).toMatchObject([{ upload_id: uploadId, key: 'files/big' }])

    const done = {
      upload_id: uploadId,
      key: 'files/big',
      parts: etags.map((etag, n) => ({ part_number: n + 1, etag, checksum_crc32: crc32Base64(bodies[n]!) })),
      checksum_crc32: crc32Base64(body),
    }
    const wrong = await scene
      .as(miner)
      .send('POST', '/uploads/multipart/complete', { ...done, checksum_crc32: 'AAAAAA==' })
    expect([wrong.status, wrong.json.error?.code]).toEqual([409, 'CONFLICT'])
    const first = await scene.as(miner).send('POST', '/uploads/multipart/complete', done)
    expect(first).toMatchObject({ status: 200, json: { key: 'files/big', bytes: body.length } })
    const again = await scene.as(miner).send('POST', '/uploads/multipart/complete', done)
    expect(again.json).toEqual(first.json)
    const after = await scene.as(miner).send('GET', `/uploads/multipart/parts?${name}`)
    expect(after.json.error?.code).toBe('NO_SUCH_UPLOAD')
  })

  // A real server does not lose a reply on demand.
  test.runIf(!isOutside)('a lost reply of the store’s Complete is found out', async () => {
    const body = content(100)
    const { uploadId, urls } = await begin('files/lost', body)
    const etag = (await put(urls[0]!, body)).headers.get('etag')
    const remove = scene.s3.faults!.add({ method: 'POST', path: /lost/, kind: 'lost-reply', times: 1 })
    const reply = await scene.as(miner).send('POST', '/uploads/multipart/complete', {
      upload_id: uploadId,
      key: 'files/lost',
      parts: [{ part_number: 1, etag, checksum_crc32: crc32Base64(body) }],
    })
    remove()
    expect(reply).toMatchObject({ status: 200, json: { bytes: 100 } })
  })

  test('on a store that knows composite checksums only, its parts are checked', async () => {
    await using scene = await openScene({ checksumType: 'composite' })
    const client = scene.as(miner)
    const body = content(6 * MiB)
    const pieces = [body.subarray(0, 5 * MiB), body.subarray(5 * MiB)]
    const crcs = pieces.map(crc32Base64)
    const opened = await client.send('POST', '/uploads/multipart/init', {
      key: 'r2',
      bytes: body.length,
      part_size: 5 * MiB,
    })
    const name = { upload_id: opened.json['upload_id'], key: 'r2' }
    const ask = pieces.map((piece, n) => ({ part_number: n + 1, bytes: piece.length, checksum_crc32: crcs[n] }))
    const urls = partsOf(await client.send('POST', '/uploads/multipart/part-url', { ...name, parts: ask }))
    expect((await put(urls[1]!, content(MiB, 9))).status).toBe(400)
    const etags = await Promise.all(urls.map(async (url, n) => (await put(url, pieces[n]!)).headers.get('etag')))
    const parts = etags.map((etag, n) => ({ part_number: n + 1, etag, checksum_crc32: crcs[n] }))
    const done = { ...name, parts, checksum_crc32: crc32Base64(body) }
    const { status, json } = await client.send('POST', '/uploads/multipart/complete', done)
    expect([status, json['bytes']]).toEqual([200, body.length])
    // Never a checksum that is not the object's; radosgw keeps the object's own all the same.
    const stat = (await client.send('GET', '/uploads/stat/r2')).json
    expect([null, crc32Base64(body)]).toContain(stat['checksum_crc32'])
  })

  test('of unknown size takes parts up to its part size', async () => {
    const client = scene.as(miner)
    const init = await client.send('POST', '/uploads/multipart/init', {
      key: 'stream',
      bytes: null,
      part_size: 5 * MiB,
      checksum: 'none',
    })
    const uploadId = init.json['upload_id']
    const ask = async (bytes: number): Promise<Reply> =>
      await client.send('POST', '/uploads/multipart/part-url', {
        upload_id: uploadId,
        key: 'stream',
        parts: [{ part_number: 1, bytes }],
      })
    expect((await ask(5 * MiB + 1)).json.error?.code).toBe('BAD_REQUEST')
    const [url] = partsOf(await ask(7))
    const etag = (await put(url!, content(7))).headers.get('etag')
    const done = await client.send('POST', '/uploads/multipart/complete', {
      upload_id: uploadId,
      key: 'stream',
      parts: [{ part_number: 1, etag }],
    })
    expect(done.json).toMatchObject({ bytes: 7 })
  })

  test('abort removes every part and frees the place', async () => {
    const { uploadId, bodies, urls } = await begin('files/gone', content(6 * MiB))
    await put(urls[0]!, bodies[0]!)
    const target = `/uploads/multipart/abort?upload_id=${encodeURIComponent(uploadId)}&key=files%2Fgone`
    expect((await scene.as(miner).send('DELETE', target)).status).toBe(204)
    expect((await scene.as(miner).send('DELETE', target)).json.error?.code).toBe('NO_SUCH_UPLOAD')
    expect((await put(urls[1]!, bodies[1]!)).status).toBe(404)
    expect((await scene.store.uploads('data/', null)).uploads.filter(({ key }) => key.endsWith('gone'))).toEqual([])
  })

  test('parts that the announced size does not have are refused', async () => {
    const { uploadId, urls } = await begin('files/short', content(6 * MiB))
    expect(urls).toHaveLength(2)
    const ask = async (part: object): Promise<string | undefined> =>
      (
        await scene
          .as(miner)
          .send('POST', '/uploads/multipart/part-url', { upload_id: uploadId, key: 'files/short', parts: [part] })
      ).json.error?.code
    const crc = crc32Base64(content(1))
    expect(await ask({ part_number: 3, bytes: 1, checksum_crc32: crc })).toBe('BAD_REQUEST')
    expect(await ask({ part_number: 2, bytes: 2 * MiB, checksum_crc32: crc })).toBe('BAD_REQUEST')
    expect(await ask({ part_number: 2, bytes: MiB })).toBe('BAD_REQUEST')
    const half = await scene.as(miner).send('POST', '/uploads/multipart/complete', {
      upload_id: uploadId,
      key: 'files/short',
      parts: [{ part_number: 1, etag: 'a' }],
    })
    expect(half.json.error?.code).toBe('CONFLICT')
  })
})

describe('objects', () => {
  test('a stored key that the gateway itself would refuse does not end a listing', async () => {
    const strange = `data/hotkey=${miner.address}/strange//*`
    for (const key of [strange, `data/hotkey=${miner.address}/stranger`]) {
      const { url } = await scene.store.presign({ method: 'PUT', key, expiresSeconds: 60 })
      expect((await put({ url, headers: {} }, content(1))).status).toBe(200)
    }
    const ask = { prefix: 'strange', after: 'strange//*' }
    const { status, json } = await scene.as(miner).send('POST', '/uploads/list', ask)
    expect([status, json['objects']]).toMatchObject([200, [{ key: 'stranger' }]])
  })

  test('where to go on is any key that the store can hold, and nothing longer', async () => {
    const ask = async (after: string): Promise<number[]> => [
      (await scene.as(miner).send('POST', '/uploads/list', { after })).status,
      (await scene.as(validator).send('POST', '/reads/list', { hotkey: miner.address, after })).status,
    ]
    expect([await ask('é'.repeat(481)), await ask('😀')]).toEqual([
      [200, 200],
      [200, 200],
    ])
    for (const after of ['é'.repeat(482), 'a'.repeat(964), '\ud800', '']) expect(await ask(after)).toEqual([422, 422])
  })

  test('a key that is too long for the store is the client’s mistake', () => {
    const error = Object.assign(new Error('too long'), { name: 'KeyTooLongError' })
    expect(storeError(error)).toMatchObject({ code: 'BAD_REQUEST', retryAfterSeconds: null })
  })

  test('list pages, delete, and read by a validator', async () => {
    const client = scene.as(other)
    for (const key of ['a', 'b/1', 'b/2']) {
      const reply = await client.send('POST', '/uploads/url', { key, bytes: 3 })
      expect((await put(signed(reply), content(3))).status).toBe(200)
    }
    expect((await client.send('POST', '/uploads/list', { prefix: 'b/' })).json).toMatchObject({
      objects: [
        { key: 'b/1', bytes: 3 },
        { key: 'b/2', bytes: 3 },
      ],
      next: null,
    })
    const after = await client.send('POST', '/uploads/list', { after: 'b/1' })
    expect(after.json['objects']).toMatchObject([{ key: 'b/2' }])

    const reader = scene.as(validator)
    const seen = await reader.send('POST', '/reads/list', { hotkey: other.address })
    expect((seen.json['objects'] as { key: string }[]).map(({ key }) => key)).toEqual(['a', 'b/1', 'b/2'])
    const urls = await reader.send('POST', '/reads/urls', { hotkey: other.address, keys: ['b/1'] })
    const [url] = urls.json['urls'] as { url: string }[]
    expect(new Uint8Array(await (await fetch(url!.url)).arrayBuffer())).toEqual(content(3))

    expect((await client.send('POST', '/uploads/delete', { keys: ['a', 'b/1', 'not there'] })).json).toEqual({
      deleted: 3,
    })
    expect((await client.send('GET', '/uploads/stat/a')).json.error?.code).toBe('NO_SUCH_KEY')
    expect((await client.send('GET', '/uploads/download/a')).status).toBe(404)
  })
})

test('what is stale is aborted by the janitor, known or not', async () => {
  let now = Date.now()
  await using scene = await openScene({ now: () => now })
  const init = await scene.as(miner).send('POST', '/uploads/multipart/init', { key: 'stale', bytes: 10, part_size: 10 })
  expect(init.status).toBe(200)
  const stray = await scene.store.create({ key: 'data/hotkey=x/stray', metadata: {}, checksum: 'none' })
  expect([await scene.gateway.janitor.sweep(), await scene.gateway.janitor.sweepStrays()]).toEqual([0, 0])
  now += 25 * 3_600_000 + 1000
  expect((await scene.store.uploads('data/', null)).uploads.map(({ uploadId }) => uploadId)).toContain(stray)
  expect(await scene.gateway.janitor.sweep()).toBe(1)
  expect(await scene.gateway.janitor.sweepStrays()).toBe(1)
  expect((await scene.store.uploads('data/', null)).uploads).toEqual([])
})
