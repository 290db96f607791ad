import { afterEach, expect, test } from 'vitest'

import { createHuggingFaceBackend } from '../src/huggingface/backend.ts'
import { huggingFaceNamespace } from '../src/huggingface/namespace.ts'
import { codeOf, listAll } from '../src/port/contract-calls.ts'
import { type Scripted, startScripted } from './scripted-server.ts'

let server: Scripted | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

test('a tree whose pages go round in a circle ends in an error', async () => {
  server = await startScripted((request, response) => {
    const link = `<http://${request.headers.host}${request.url?.split('?')[0]}?recursive=true&cursor=again>; rel="next"`
    response.setHeader('Link', link)
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify([{ type: 'file', path: 'a', size: 1, oid: '0'.repeat(40) }]))
  })
  const backend = createHuggingFaceBackend({ repository: 'a/b', hubUrl: server.url, sleep: async () => {} })
  expect(await codeOf(listAll(backend, ''))).toBe('PROTOCOL')
})

test('of a refusal without an end only the beginning is read', async () => {
  let closed = false
  server = await startScripted(async (_, response) => {
    response.writeHead(403, { 'Content-Type': 'application/json' })
    while (!response.destroyed) {
      response.write(' '.repeat(100_000))
      await new Promise((resolve) => setImmediate(resolve))
    }
    closed = true
  })
  const backend = createHuggingFaceBackend({ repository: 'a/b', hubUrl: server.url, token: 'hf_a' })
  expect(await codeOf(backend.stat('k'))).toBe('FORBIDDEN')
  await expect.poll(() => closed).toBe(true)
})

test('one caller that gives up does not take the namespace away from another', async () => {
  const answers: (() => void)[] = []
  server = await startScripted((_, response) => {
    const body = JSON.stringify({ type: 'user', name: 'alice', orgs: [], auth: {} })
    answers.push(() => response.setHeader('Content-Type', 'application/json').end(body))
  })
  const options = { token: 'hf_shared', hubUrl: server.url, sleep: async () => {} }
  const leaving = new AbortController()
  const first = codeOf(huggingFaceNamespace(options, leaving.signal))
  const second = huggingFaceNamespace(options)
  await expect.poll(() => answers.length).toBeGreaterThan(0)
  leaving.abort()
  expect(await first).toBe('ABORTED')
  for (const reply of answers) reply()
  expect(await second).toBe('alice')
  const late = new AbortController()
  late.abort()
  expect(await codeOf(huggingFaceNamespace(options, late.signal))).toBe('ABORTED')
})
