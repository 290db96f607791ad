import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { startHub } from '../src/server.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-hub-test-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const users = [{ name: 'alice', token: 'hf_alice' }]
const post = (url: string, path: string, body: string): Promise<Response> =>
  fetch(url + path, { method: 'POST', body, headers: { Authorization: 'Bearer hf_alice' } })
const create = (url: string): Promise<Response> =>
  post(url, '/api/repos/create', JSON.stringify({ name: 'd', organization: 'alice', type: 'dataset' }))
const commit = (url: string, summary: string): Promise<Response> =>
  post(url, '/api/datasets/alice/d/commit/main', `${JSON.stringify({ key: 'header', value: { summary } })}\n`)
async function titles(url: string): Promise<string[]> {
  const found = (await (await fetch(`${url}/api/datasets/alice/d/commits/main`)).json()) as { title: string }[]
  return found.map(({ title }) => title)
}

test('a commit half written by a killed process is forgotten, and the ones after it are kept', async () => {
  const file = join(directory, 'datasets/alice/d/commits.ndjson')
  {
    await using hub = await startHub({ directory, users })
    expect((await create(hub.url)).status).toBe(200)
    expect((await commit(hub.url, 'first')).status).toBe(200)
  }
  await appendFile(file, '{"id":"0123')
  {
    await using hub = await startHub({ directory, users })
    expect((await commit(hub.url, 'second')).status).toBe(200)
  }
  await using hub = await startHub({ directory, users })
  expect(await titles(hub.url)).toEqual(['second', 'first', 'initial commit'])
  expect(await readFile(file, 'utf8')).not.toContain('0123{')
})

test('a creation broken off by a kill can be done again', async () => {
  const folder = join(directory, 'datasets/alice/d')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'commits.ndjson'), '{"id":"0123')
  {
    await using hub = await startHub({ directory, users })
    expect((await create(hub.url)).status).toBe(200)
  }
  await using hub = await startHub({ directory, users })
  expect(await titles(hub.url)).toEqual(['initial commit'])
})

test.each(['//', 'http://', '/%', '/api/datasets/a%2/b', '/\u00ff'])(
  'the request target %j is answered with an error',
  async (target) => {
    await using hub = await startHub({ directory, users })
    const { hostname, port } = new URL(hub.url)
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () =>
        socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 'latin1'),
      )
      let text = ''
      socket.on('data', (chunk) => (text += chunk.toString('latin1')))
      socket.on('close', () => resolve(text))
      socket.on('error', reject)
    })
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect((await fetch(`${hub.url}/api/whoami-v2`)).status).toBe(401)
  },
)
