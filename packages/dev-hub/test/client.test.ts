import { createHash, randomBytes } from 'node:crypto'

import {
  commit,
  countCommits,
  createRepo,
  deleteFiles,
  deleteRepo,
  downloadFile,
  fileDownloadInfo,
  fileExists,
  HubApiError,
  listCommits,
  listFiles,
  pathsInfo,
  repoExists,
  uploadFiles,
  whoAmI,
} from '@huggingface/hub'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { type DevHub, type HubRequest, startHub } from '../src/server.ts'

const repo = { type: 'dataset', name: 'alice/data' } as const
const accessToken = 'hf_alice'
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

let hub: DevHub
let requests: HubRequest[]

beforeEach(async () => {
  requests = []
  hub = await startHub({
    users: [
      { name: 'alice', token: 'hf_alice', orgs: ['team'] },
      { name: 'bob', token: 'hf_bob' },
      { name: 'carol', token: 'hf_carol', role: 'read' },
    ],
    partBytes: 300_000,
    pageSize: 7,
    onRequest: (request) => requests.push(request),
  })
})

afterEach(async () => {
  await hub.close()
})

const puts = (): HubRequest[] => requests.filter((request) => request.method === 'PUT')
const access = (): { repo: typeof repo; accessToken: string; hubUrl: string } => ({
  repo,
  accessToken,
  hubUrl: hub.url,
})

async function upload(files: Record<string, Uint8Array>, more: { parentCommit?: string } = {}): Promise<string> {
  const result = await uploadFiles({
    ...access(),
    useXet: false,
    files: Object.entries(files).map(([path, bytes]) => ({ path, content: new Blob([new Uint8Array(bytes)]) })),
    ...more,
  })
  return result?.commit.oid ?? ''
}

async function statusOf(call: Promise<unknown>): Promise<number> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(HubApiError)
  return (error as HubApiError).statusCode
}

describe('the client of JavaScript', () => {
  test('knows who it is', async () => {
    const me = await whoAmI({ accessToken, hubUrl: hub.url })
    expect(me.name).toBe('alice')
    expect(me.auth.accessToken?.createdAt).toBeInstanceOf(Date)
    expect(await statusOf(whoAmI({ accessToken: 'hf_nobody', hubUrl: hub.url }))).toBe(401)
  })

  test('creates and deletes repositories within its namespaces only', async () => {
    expect(await repoExists(access())).toBe(false)
    const made = await createRepo({ ...access(), license: 'mit' })
    expect(made).toEqual({ repoUrl: `${hub.url}/datasets/alice/data`, id: 'alice/data' })
    expect(await repoExists(access())).toBe(true)
    expect(await fileExists({ ...access(), path: 'README.md' })).toBe(true)
    expect(await statusOf(createRepo(access()))).toBe(409)
    expect(await statusOf(createRepo({ ...access(), repo: { type: 'dataset', name: 'bob/data' } }))).toBe(403)
    await createRepo({ ...access(), repo: { type: 'model', name: 'team/model' } })
    expect(
      await statusOf(createRepo({ ...access(), repo: { type: 'dataset', name: 'carol/x' }, accessToken: 'hf_carol' })),
    ).toBe(403)
    await deleteRepo(access())
    expect(await repoExists(access())).toBe(false)
  })

  test('uploads small, large and multipart files and reads them back, whole and in part', async () => {
    await createRepo(access())
    const files = {
      'notes.txt': Buffer.from('hello'),
      'a/small.parquet': randomBytes(1000),
      'a/large.parquet': randomBytes(1_000_001),
    }
    const oid = await upload(files)
    expect(oid).toMatch(/^[0-9a-f]{40}$/)
    expect(puts().map((put) => put.path.split('/')[1])).toEqual(expect.arrayContaining(['lfs', 'part']))
    expect(puts().filter((put) => put.path.startsWith('/part/'))).toHaveLength(4)
    for (const [path, bytes] of Object.entries(files)) {
      const blob = await downloadFile({ ...access(), path })
      expect(sha256(new Uint8Array((await blob?.arrayBuffer()) ?? []))).toBe(sha256(bytes))
    }
    const large = await downloadFile({ ...access(), path: 'a/large.parquet' })
    const part = new Uint8Array((await large?.slice(999_990, 1_000_001).arrayBuffer()) ?? [])
    expect(Buffer.from(part)).toEqual(files['a/large.parquet'].subarray(999_990))
    const download = await fileDownloadInfo({ ...access(), path: 'a/small.parquet' })
    expect(download).toMatchObject({ size: 1000, url: `${hub.url}/datasets/alice/data/resolve/main/a/small.parquet` })
    expect(await downloadFile({ ...access(), path: 'absent' })).toBeNull()
    // Bytes never come with a token on the second origin.
    expect(requests.filter((request) => request.origin === 'cdn' && request.authorized)).toEqual([])
  })

  test('tells sha256 and git blob ids in pathsInfo', async () => {
    await createRepo(access())
    const data = randomBytes(100)
    await upload({ 'hello.txt': Buffer.from('hello\n'), 'd/x.parquet': data })
    const infos = await pathsInfo({ ...access(), paths: ['hello.txt', 'd/x.parquet', 'd', 'absent'], expand: true })
    expect(infos.map((info) => [info.path, info.type])).toEqual([
      ['hello.txt', 'file'],
      ['d/x.parquet', 'file'],
      ['d', 'directory'],
    ])
    // printf 'hello\n' | git hash-object --stdin
    expect(infos[0]).toMatchObject({ oid: 'ce013625030ba8dba906f756967f9e9ca394464a', size: 6 })
    expect(infos[1]?.lfs).toEqual({ oid: sha256(data), size: 100, pointerSize: 128 })
    expect(infos[1]?.lastCommit?.title).toContain('Add')
  })

  test('does not send an object twice', async () => {
    await createRepo(access())
    const data = randomBytes(5000)
    await upload({ 'one.parquet': data })
    const sent = puts().length
    await upload({ 'two.parquet': data })
    expect(puts()).toHaveLength(sent)
    expect(await fileExists({ ...access(), path: 'two.parquet' })).toBe(true)
  })

  test('lists trees and commits over pages', async () => {
    await createRepo(access())
    for (let round = 0; round < 3; round += 1) {
      await upload(
        Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`r${round}/f${i}.txt`, Buffer.from(`${round}${i}`)])),
      )
    }
    const paths: string[] = []
    for await (const entry of listFiles({ ...access(), recursive: true }))
      if (entry.type === 'file') paths.push(entry.path)
    expect(paths).toHaveLength(31)
    expect(new Set(paths).size).toBe(31)
    const top: string[] = []
    for await (const entry of listFiles(access())) top.push(entry.path)
    expect(top).toEqual(['.gitattributes', 'r0', 'r1', 'r2'])
    const titles: string[] = []
    for await (const made of listCommits({ ...access(), batchSize: 2 })) titles.push(made.title)
    expect(titles).toEqual(['Add 10 files', 'Add 10 files', 'Add 10 files', 'initial commit'])
    expect(await countCommits(access())).toBe(4)
  })

  test('reads an older revision and deletes files', async () => {
    await createRepo(access())
    const first = await upload({ 'x.txt': Buffer.from('1') })
    await deleteFiles({ ...access(), paths: ['x.txt'] })
    expect(await fileExists({ ...access(), path: 'x.txt' })).toBe(false)
    expect(await (await downloadFile({ ...access(), path: 'x.txt', revision: first }))?.text()).toBe('1')
    expect(await statusOf(deleteFiles({ ...access(), paths: ['x.txt'] }))).toBe(400)
    expect(await statusOf(pathsInfo({ ...access(), paths: ['x'], revision: 'nowhere' }))).toBe(404)
  })

  test('is refused with 412 when its parent commit is stale', async () => {
    await createRepo(access())
    const first = await upload({ 'x.txt': Buffer.from('1') })
    await upload({ 'x.txt': Buffer.from('2') }, { parentCommit: first })
    expect(await statusOf(upload({ 'x.txt': Buffer.from('3') }, { parentCommit: first }))).toBe(412)
    expect(await (await downloadFile({ ...access(), path: 'x.txt' }))?.text()).toBe('2')
  })

  test('sees private repositories of its own only', async () => {
    await createRepo({ ...access(), visibility: 'private' })
    await upload({ 'x.txt': Buffer.from('1') })
    expect(await fileExists({ ...access(), path: 'x.txt' })).toBe(true)
    expect(await statusOf(pathsInfo({ repo, hubUrl: hub.url, accessToken: 'hf_bob', paths: ['x.txt'] }))).toBe(404)
    expect(await statusOf(pathsInfo({ repo, hubUrl: hub.url, paths: ['x.txt'] }))).toBe(401)
  })

  test('may read a public repository without a token, and not write with another one', async () => {
    await createRepo(access())
    await upload({ 'x.parquet': Buffer.from('1') })
    expect(await pathsInfo({ repo, hubUrl: hub.url, paths: ['x.parquet'] })).toHaveLength(1)
    const foreign = commit({
      repo,
      hubUrl: hub.url,
      accessToken: 'hf_bob',
      title: 'no',
      operations: [{ operation: 'delete', path: 'x.parquet' }],
    })
    expect(await statusOf(foreign)).toBe(403)
  })
})
