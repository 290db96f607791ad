import type { Hotkey } from '@sluice/hotkey'
import { createHash, randomUUID } from 'node:crypto'
import { pythonJson, signEpistula } from '@sluice/signing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  content,
  miner,
  openScene,
  other,
  outside,
  read,
  type Reply,
  type Scene,
  stranger,
  validator,
} from '../scene.ts'

// Clients written after the originals' formats: what they sign and send, and what they read from the replies.
const MiB = 1024 * 1024
let scene: Scene
beforeAll(async () => {
  scene = await openScene({ adapters: ['iota', 'data-universe', 'tao-v2', 'knowlio'] })
})
afterAll(async () => await scene[Symbol.asyncDispose]())

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const sha = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex')
const hexOf = async (hotkey: Hotkey, text: string): Promise<string> =>
  Buffer.from(await hotkey.sign(bytes(text))).toString('hex')

async function post(
  target: string,
  body: Uint8Array,
  headers: Record<string, string>,
  method = 'POST',
): Promise<Reply> {
  const all = { host: 'gateway.example.com', 'content-type': 'application/json', ...headers }
  return read(await scene.gateway.handle({ method, target, headers: all, body, address: '192.0.2.7' }))
}
const dataOf = (reply: Reply): Record<string, unknown> => reply.json['data'] as Record<string, unknown>

describe('IOTA', () => {
  /** Signs the model as Python dumps it, sends it as `json=` does: other order, other spaces. */
  const call = async (method: string, route: string, model: object, hotkey = miner): Promise<Reply> => {
    const timestamp = String(Date.now())
    const uuid = randomUUID()
    const message = `${sha(bytes(pythonJson(model)))}.${uuid}.${timestamp}.`
    const headers = {
      'epistula-version': '2',
      'epistula-timestamp': timestamp,
      'epistula-uuid': uuid,
      'epistula-signed-by': hotkey.address,
      'epistula-request-signature': `0x${await hexOf(hotkey, message)}`,
      'x-orchestrator-version': '1',
    }
    return await post(`/storage/${route}`, bytes(JSON.stringify(model)), headers, method)
  }
  const putTo = async (url: string, body: Uint8Array): Promise<string> => {
    const response = await fetch(url, { method: 'PUT', body })
    expect(response.status).toBe(200)
    return (response.headers.get('etag') ?? '').replaceAll('"', '')
  }

  test('a large file goes up in parts, below the signer’s prefix', async () => {
    const path = `weights/${miner.address}/1/0/weights.pt`
    const body = content(11 * MiB)
    const model = { path, file_size: body.length, part_size: 5 * MiB, expires_in: 3600 }
    const started = dataOf(await call('POST', 'multipart_upload/initiate', model))
    expect(started).toMatchObject({ use_multipart: true, part_size: 5 * MiB, total_parts: 3 })
    const { upload_id, presigned_urls, part_numbers } = started['multipart_data'] as {
      upload_id: string
      presigned_urls: { url: string }[]
      part_numbers: number[]
    }
    const parts = await Promise.all(
      part_numbers.map(async (PartNumber, n) => {
        const piece = body.subarray(n * 5 * MiB, (n + 1) * 5 * MiB)
        return { PartNumber, ETag: await putTo(presigned_urls[n]!.url, piece) }
      }),
    )
    const done = await call('POST', 'multipart_upload/complete', { path, upload_id, parts })
    expect(done).toMatchObject({ status: 200, json: { data: { s3_path: `data/hotkey=${miner.address}/${path}` } } })
    expect((await scene.store.head(`data/hotkey=${miner.address}/${path}`))?.bytes).toBe(body.length)
  })

  test('a small one takes one PUT; a GET with a body gives a URL too', async () => {
    const model = { path: 'metadata/a.json', file_size: 5, part_size: 104_857_600, expires_in: 3600 }
    const single = dataOf(await call('POST', 'multipart_upload/initiate', model))
    expect(single['use_multipart']).toBe(false)
    await putTo(single['presigned_data'] as string, bytes('hello'))
    const reply = await call('GET', 'presigned_url', { path: 'metadata/b.json', expires_in: 3600 })
    const { presigned_data: url } = dataOf(reply) as { presigned_data: string }
    expect(url).toContain(`/${scene.s3.bucket}/data/hotkey%3D${miner.address}/metadata/b.json?`)
    await putTo(url, bytes('hello'))
  })

  test('abort, and nobody else’s upload', async () => {
    const model = { path: 'x', file_size: 6 * MiB, part_size: 5 * MiB, expires_in: 3600 }
    const { multipart_data } = dataOf(await call('POST', 'multipart_upload/initiate', model))
    const { upload_id } = multipart_data as { upload_id: string }
    const foreign = await call('POST', 'multipart_upload/abort', { path: 'x', upload_id }, other)
    expect([foreign.status, typeof foreign.json['detail']]).toEqual([404, 'string'])
    expect((await call('POST', 'multipart_upload/abort', { path: 'x', upload_id })).json['message']).toContain(
      'aborted',
    )
  })

  test('paths, sizes and hotkeys are checked, which the original did not', async () => {
    const base = { file_size: 5, part_size: 104_857_600, expires_in: 3600 }
    const status = async (more: object, hotkey = miner): Promise<number> =>
      (await call('POST', 'multipart_upload/initiate', { path: 'a', ...base, ...more }, hotkey)).status
    expect(await status({ path: '../x' })).toBe(422)
    expect(await status({ path: 'a%2e%2e/x' })).toBe(422)
    expect(await status({ file_size: 1e15 })).toBe(413)
    expect(await status({ file_size: -1 })).toBe(422)
    // Before anything of it is read, signed or not.
    expect(await status({ path: 'a'.repeat(20_000) })).toBe(413)
    expect(await status({}, stranger)).toBe(403)
    expect(await status({}, outside)).toBe(403)
  })
})

test('a request for another service is not one for this', async () => {
  const model = bytes('{"expires_in": 3600, "path": "a"}')
  const headers = await signEpistula(model, { hotkey: miner, signedFor: other.address })
  const reply = await post('/storage/presigned_url', model, headers, 'GET')
  expect([reply.status, reply.json['detail']]).toEqual([401, expect.stringContaining('another service')])
})

describe('Data Universe, legacy strings', () => {
  const call = async (route: string, text: (at: number) => string, more: object, hotkey: Hotkey): Promise<Reply> => {
    const timestamp = Math.floor(Date.now() / 1000)
    const signature = await hexOf(hotkey, text(timestamp))
    return await post(`/${route}`, bytes(JSON.stringify({ hotkey: hotkey.address, timestamp, signature, ...more })), {})
  }
  const coldkey = other.address

  test('a miner uploads with the form it gets', async () => {
    const text = (at: number): string => `s3:data:access:${coldkey}:${miner.address}:${at}`
    const { status, json } = await call('get-folder-access', text, { coldkey }, miner)
    expect(status).toBe(200)
    const { folder, url, fields, list_url } = json as {
      folder: string
      url: string
      fields: Record<string, string>
      list_url: string
    }
    expect(folder).toBe(`data/hotkey=${miner.address}/`)
    // A bucket without ACLs, which is what AWS makes, refuses forms that name one.
    expect(fields).not.toHaveProperty('acl')
    const send = async (key: string, size = 2000): Promise<number> => {
      const form = new FormData()
      for (const [name, value] of Object.entries({ ...fields, key })) form.append(name, value)
      form.append('file', new Blob([content(size)]))
      return (await fetch(url, { method: 'POST', body: form })).status
    }
    const name = 'job_id=default_0/data_20250620_143052_150_0123456789abcdef.parquet'
    expect(await send(folder + name)).toBe(204)
    expect(await send(`data/hotkey=${other.address}/${name}`)).toBe(403)
    expect(await send(folder + name, 10)).toBe(400)
    expect(await (await fetch(list_url)).text()).toContain(name)
  })

  test('a validator lists and reads', async () => {
    const key = `data/hotkey=${miner.address}/job_id=default_0/data_20250620_143052_150_0123456789abcdef.parquet`
    const all = await call('get-validator-access', (at) => `s3:validator:access:${at}`, {}, validator)
    const { urls } = all.json as unknown as {
      urls: { global: { list_all_data: string }; miners: { list_all_miners: string } }
    }
    expect(await (await fetch(urls.global.list_all_data)).text()).toContain('job_id=default_0')
    expect(await (await fetch(urls.miners.list_all_miners)).text()).toContain('CommonPrefixes')

    const one = await call(
      'get-miner-specific-access',
      (at) => `s3:validator:miner:${miner.address}:${at}`,
      { miner_hotkey: miner.address },
      validator,
    )
    expect((await fetch(one.json['miner_url'] as string)).status).toBe(200)

    const folders = await call(
      'get-folder-presigned-urls',
      (at) => `s3:validator:folders:${validator.address}:${at}`,
      {},
      validator,
    )
    const jobs = (
      folders.json['folder_urls'] as Record<string, { job_folders: { job_id: string; presigned_url: string }[] }>
    )[miner.address]
    expect(jobs?.job_folders.map(({ job_id }) => job_id)).toEqual(['default_0'])
    expect(await (await fetch(jobs!.job_folders[0]!.presigned_url)).text()).toContain('.parquet')

    const text = (at: number): string => `s3:validator:files:${miner.address}:${validator.address}:${at}`
    const more = {
      miner_hotkey: miner.address,
      file_keys: [key, `data/hotkey=${other.address}/x`, `data/hotkey=${miner.address}/../x`],
      expiry_hours: 1,
    }
    const files = await call('get-file-presigned-urls', text, more, validator)
    expect(files.json).toMatchObject({ valid_files_count: 1, invalid_files_count: 2 })
    const { [key]: file } = files.json['file_urls'] as Record<string, { presigned_url: string }>
    expect((await fetch(file!.presigned_url)).status).toBe(200)
  })

  test('errors have the original’s form', async () => {
    const denied = await call('get-validator-access', (at) => `s3:validator:access:${at}`, {}, miner)
    expect([denied.status, typeof denied.json['detail']]).toEqual([401, 'string'])
    const old = await call(
      'get-validator-access',
      (at) => `s3:validator:access:${at - 400}`,
      { timestamp: Math.floor(Date.now() / 1000) - 400 },
      validator,
    )
    expect(old.status).toBe(400)
    expect((await post('/healthcheck', new Uint8Array(0), {}, 'GET')).json['status']).toBe('ok')
    expect((await post('/commitment-formats', new Uint8Array(0), {}, 'GET')).json['validator_format']).toBe(
      's3:validator:access:{timestamp}',
    )
    expect((await post('/structure-info', new Uint8Array(0), {}, 'GET')).status).toBe(200)
  })
})

describe('X-Tao v2', () => {
  const call = async (route: string, model: object, hotkey: Hotkey): Promise<Reply> => {
    const body = bytes(JSON.stringify(model))
    const timestamp = String(Date.now())
    const nonce = randomUUID()
    const signature = Buffer.from(await hotkey.sign(bytes(`${sha(body)}.${nonce}.${timestamp}`))).toString('base64')
    return await post(`/${route}`, body, {
      'x-tao-version': '2',
      'x-tao-timestamp': timestamp,
      'x-tao-nonce': nonce,
      'x-tao-signed-by': hotkey.address,
      'x-tao-signature': signature,
    })
  }
  const filename = 'data_20251121_120000_42_fedcba9876543210.parquet'

  test('a miner uploads once; a validator lists and reads', async () => {
    const ask = { job_id: 'crawler-7', filename }
    const { json } = await call('get-file-upload-url', ask, miner)
    const { s3_key, url, method, fields } = json as { s3_key: string; url: string; method: string; fields: object }
    expect([s3_key, method, fields]).toEqual([`data/hotkey=${miner.address}/job_id=crawler-7/${filename}`, 'PUT', {}])
    const sent = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: content(99),
    })
    expect(sent.status).toBe(200)
    expect((await call('get-file-upload-url', ask, miner)).status).toBe(409)
    expect((await call('get-file-upload-url', { ...ask, filename: '../x' }, miner)).status).toBe(422)

    const list = await call('get-miner-list', { miner_hotkey: miner.address }, validator)
    expect(await (await fetch(list.json['list_url'] as string)).text()).toContain(filename)
    const urls = await call('get-file-presigned-urls', { miner_hotkey: miner.address, file_keys: [s3_key] }, validator)
    const { [s3_key]: file } = urls.json['file_urls'] as Record<string, { presigned_url: string }>
    expect((await (await fetch(file!.presigned_url)).arrayBuffer()).byteLength).toBe(99)
    expect((await call('get-miner-list', { miner_hotkey: miner.address }, miner)).status).toBe(403)
    for (const continuation_token of ['\ud800', 'a b', 'é', '\n']) {
      expect(
        (await call('get-miner-list', { miner_hotkey: miner.address, continuation_token }, validator)).status,
      ).toBe(422)
    }
    // Data Universe's older API has a route of this name and says 401 there.
    const denied = await call('get-file-presigned-urls', { miner_hotkey: miner.address, file_keys: ['x'] }, miner)
    expect(denied.status).toBe(403)
  })
})
