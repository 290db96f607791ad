import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { type DevHub, startHub } from '../src/server.ts'

/** Requests as `huggingface_hub` writes them; field names and forms from its `hf_api.py`, `_commit_api.py`, `lfs.py`. */
let directory: string
let hub: DevHub
const token = 'hf_alice'
const users = [{ name: 'alice', token }]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-hub-test-'))
  hub = await startHub({ directory, users })
  const created = await call('POST', '/api/repos/create', {
    name: 'data',
    organization: 'alice',
    type: 'dataset',
    private: false,
  })
  expect(created.status).toBe(200)
})

afterEach(async () => {
  await hub.close()
  await rm(directory, { recursive: true, force: true })
})

async function call(
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...more }
  return fetch(path.startsWith('http') ? path : hub.url + path, {
    method,
    headers,
    redirect: 'manual',
    ...(body === undefined ? {} : { body: text }),
  })
}

const ndjson = (lines: { key: string; value: unknown }[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('')
const send = (lines: { key: string; value: unknown }[]): Promise<Response> =>
  call('POST', '/api/datasets/alice/data/commit/main', ndjson(lines), { 'Content-Type': 'application/x-ndjson' })
const header = { key: 'header', value: { summary: 'Upload', description: '' } }
const file = (path: string, text: string): { key: string; value: unknown } => ({
  key: 'file',
  value: { content: Buffer.from(text).toString('base64'), path, encoding: 'base64' },
})

async function uploadLfs(path: string, content: Buffer): Promise<void> {
  const oid = createHash('sha256').update(content).digest('hex')
  const batch = await call(
    'POST',
    '/datasets/alice/data.git/info/lfs/objects/batch',
    {
      operation: 'upload',
      transfers: ['basic', 'multipart'],
      objects: [{ oid, size: content.length }],
      hash_algo: 'sha256',
      ref: { name: 'main' },
    },
    { Accept: 'application/vnd.git-lfs+json', 'Content-Type': 'application/vnd.git-lfs+json' },
  )
  const { objects } = (await batch.json()) as { objects: { actions: Record<'upload' | 'verify', { href: string }> }[] }
  const actions = objects[0]?.actions
  const put = await fetch(actions?.upload.href ?? '', { method: 'PUT', body: new Uint8Array(content) })
  expect(put.status).toBe(200)
  expect((await call('POST', actions?.verify.href ?? '', { oid, size: content.length })).status).toBe(200)
  const made = await send([header, { key: 'lfsFile', value: { path, algo: 'sha256', oid, size: content.length } }])
  expect(made.status).toBe(200)
}

describe('the client of Python', () => {
  test('reads the url of a repository that exists from the 409', async () => {
    const again = await call('POST', '/api/repos/create', { name: 'data', type: 'dataset' })
    expect(again.status).toBe(409)
    expect(await again.json()).toMatchObject({ url: `${hub.url}/datasets/alice/data` })
    expect(again.headers.get('x-request-id')).toBeTruthy()
  })

  test('asks for the upload mode and the oid it knows', async () => {
    await send([header, file('a.txt', 'hello\n')])
    const files = ['a.txt', 'b.parquet'].map((path) => ({ path, sample: 'aGVsbG8=', size: 6 }))
    const answer = await call('POST', '/api/datasets/alice/data/preupload/main', { files })
    expect(await answer.json()).toEqual({
      files: [
        { path: 'a.txt', uploadMode: 'regular', shouldIgnore: false, oid: 'ce013625030ba8dba906f756967f9e9ca394464a' },
        { path: 'b.parquet', uploadMode: 'lfs', shouldIgnore: false },
      ],
    })
  })

  test('uploads through LFS with verify, then resolves with HEAD and Range', async () => {
    const content = Buffer.from('0123456789')
    await uploadLfs('d/x.parquet', content)
    const head = await call('HEAD', '/datasets/alice/data/resolve/main/d/x.parquet')
    expect(head.status).toBe(302)
    expect(head.headers.get('x-linked-size')).toBe('10')
    expect(head.headers.get('x-linked-etag')).toBe(`"${createHash('sha256').update(content).digest('hex')}"`)
    expect(head.headers.get('x-repo-commit')).toMatch(/^[0-9a-f]{40}$/)
    const location = head.headers.get('location') ?? ''
    expect(location.startsWith(hub.cdnUrl)).toBe(true)
    for (const [range, status, text] of [
      ['bytes=2-4', 206, '234'],
      ['bytes=-3', 206, '789'],
      ['bytes=8-99', 206, '89'],
      ['bytes=10-', 416, null],
    ] as const) {
      const part = await fetch(location, { headers: { Range: range } })
      expect(part.status).toBe(status)
      if (text !== null) expect(await part.text()).toBe(text)
    }
    expect((await fetch(location, { headers: { Authorization: `Bearer ${token}` } })).status).toBe(400)
    expect((await fetch(location.replace('signature=', 'signature=00'))).status).toBe(403)
    expect(await (await call('GET', '/datasets/alice/data/raw/main/d/x.parquet')).text()).toContain('oid sha256:')
  })

  test('asks paths-info with a form and percent-encoded names', async () => {
    await send([header, file('dir/a b#c?.txt', 'x'), file('z.txt', 'z')])
    const body = new URLSearchParams([
      ['paths', 'dir/a b#c?.txt'],
      ['paths', 'nope'],
      ['expand', 'True'],
    ]).toString()
    const answer = await call('POST', '/api/datasets/alice/data/paths-info/main', body, {
      'Content-Type': 'application/x-www-form-urlencoded',
    })
    expect(await answer.json()).toMatchObject([{ path: 'dir/a b#c?.txt', size: 1, lastCommit: { title: 'Upload' } }])
    const resolved = await call('GET', `/datasets/alice/data/resolve/main/${encodeURIComponent('dir/a b#c?.txt')}`)
    expect(await resolved.text()).toBe('x')
  })

  test('deletes a folder, and gets typed 404s', async () => {
    await send([header, file('dir/a.txt', 'a'), file('dir/deep/b.txt', 'b'), file('dirt.txt', 'c')])
    expect((await send([header, { key: 'deletedFolder', value: { path: 'dir/' } }])).status).toBe(200)
    const tree = (await (
      await call('GET', '/api/datasets/alice/data/tree/main?recursive=True&expand=False')
    ).json()) as { path: string }[]
    expect(tree.map((entry) => entry.path)).toEqual(['.gitattributes', 'dirt.txt'])
    for (const [path, code] of [
      ['/api/datasets/alice/none/revision/main', 'RepoNotFound'],
      ['/api/datasets/alice/data/revision/none', 'RevisionNotFound'],
      ['/datasets/alice/data/resolve/main/none', 'EntryNotFound'],
      ['/api/datasets/alice/data/tree/main/none', 'EntryNotFound'],
    ] as const) {
      const answer = await call('GET', path)
      expect([answer.status, answer.headers.get('x-error-code')]).toEqual([404, code])
    }
  })

  test('refuses bad commits whole', async () => {
    const oid = 'f'.repeat(64)
    for (const lines of [
      [file('x.txt', 'no header')],
      [header, file('../x.txt', 'up')],
      [header, file('good.txt', 'x'), { key: 'lfsFile', value: { path: 'x.parquet', algo: 'sha256', oid, size: 1 } }],
      [header, { key: 'unknown', value: {} }],
      [header, file('a', 'file'), file('a/b', 'folder')],
    ]) {
      expect((await send(lines)).status).toBe(400)
    }
    const tree = (await (await call('GET', '/api/datasets/alice/data/tree/main')).json()) as unknown[]
    expect(tree).toHaveLength(1)
  })

  test('squashes, lists refs, validates YAML, and finds all of it after a restart', async () => {
    await uploadLfs('x.parquet', Buffer.from('x'))
    await send([header, file('a.txt', '1')])
    expect((await call('POST', '/api/datasets/alice/data/super-squash/main', { message: 'one' })).status).toBe(200)
    expect(
      (await call('POST', '/api/validate-yaml', { repoType: 'dataset', content: '---\nlicense: mit\n---\n' })).status,
    ).toBe(200)
    expect(
      (await call('POST', '/api/validate-yaml', { repoType: 'dataset', content: '---\nlicense: mit\n' })).status,
    ).toBe(400)
    await hub.close()
    hub = await startHub({ directory, users })
    const commits = await call('GET', '/api/datasets/alice/data/commits/main?limit=1')
    expect(commits.headers.get('x-total-count')).toBe('1')
    const [only] = (await commits.json()) as { id: string; title: string }[]
    expect(only?.title).toBe('one')
    const refs = (await (await call('GET', '/api/datasets/alice/data/refs')).json()) as { branches: unknown[] }
    expect(refs.branches).toEqual([{ name: 'main', ref: 'refs/heads/main', targetCommit: only?.id }])
    const content = await fetch(`${hub.url}/datasets/alice/data/resolve/main/x.parquet`)
    expect(await content.text()).toBe('x')
  })
})
