import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { assert, asyncProperty, nat } from 'fast-check'
import { expect, test } from 'vitest'

import type { BackendError } from '../src/port/errors.ts'
import { ObjectBlob } from '../src/huggingface/blob.ts'
import { objectOf } from '../src/port/contract-calls.ts'

const noProblem = (error: BackendError): never => {
  throw error
}

test('slices like a Blob', async () => {
  const data = randomBytes(200)
  const blob = new ObjectBlob(objectOf('x', data), { onProblem: noProblem })
  const real = new Blob([data])
  expect(blob.size).toBe(200)
  expect(blob).toBeInstanceOf(Blob)
  const at = nat({ max: 250 })
  await assert(
    asyncProperty(at, at, at, at, async (a, b, c, d) => {
      const ours = blob.slice(a, b).slice(c, d)
      const theirs = real.slice(a, b).slice(c, d)
      expect(ours.size).toBe(theirs.size)
      expect(new Uint8Array(await ours.arrayBuffer())).toEqual(new Uint8Array(await theirs.arrayBuffer()))
    }),
  )
})

test('reads beyond 4 GiB, where the size of fs.openAsBlob wraps', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-blob-'))
  try {
    const path = join(folder, 'sparse')
    const bytes = 5 * 1024 ** 3
    const file = await open(path, 'w')
    await file.write(Buffer.from('the end'), 0, 7, bytes - 7)
    await file.close()
    const object = { key: 'x', bytes, sha256: '0'.repeat(64), source: { path } }
    const blob = new ObjectBlob(object, { onProblem: noProblem })
    expect(blob.size).toBe(bytes)
    expect(await blob.slice(bytes - 7).text()).toBe('the end')
    expect(await blob.slice(4 * 1024 ** 3, 4 * 1024 ** 3 + 3).arrayBuffer()).toEqual(new ArrayBuffer(3))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('reports a source that is not what was announced', async () => {
  const problems: string[] = []
  const object = { ...objectOf('x', 'abc'), sha256: '0'.repeat(64) }
  const blob = new ObjectBlob(object, { onProblem: (error) => problems.push(error.code) })
  await expect(blob.arrayBuffer()).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  await expect(blob.text()).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  const absent = { ...objectOf('x', 'abc'), source: { path: join(tmpdir(), 'sluice-not-there') } }
  const other = new ObjectBlob(absent, { onProblem: (error) => problems.push(error.code) })
  await expect(other.slice(0, 1).text()).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
  expect(problems).toEqual(['SOURCE_CHANGED', 'SOURCE_CHANGED', 'SOURCE_UNREADABLE'])
})
