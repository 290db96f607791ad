import {
  BackendError,
  createMemoryBackend,
  type FailedPut,
  type StorageBackend,
  type StoredCopy,
} from '@sluice/backends'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addRows, createTestMiner, down, type TestMiner } from './miner.ts'

type Answer = StoredCopy | FailedPut

let miner: TestMiner
beforeEach(async () => {
  miner = await createTestMiner()
})
afterEach(async () => {
  vi.useRealTimers()
  await miner.close()
})

/** Ten rows in each of five hours: five files. */
const fiveHours = (): void =>
  addRows(
    miner.db,
    Array.from({ length: 50 }, (_none, at) => ({ uri: `u${at}`, hour: 480_000 + (at % 5) })),
  )
const isHour = (key: string, hour: number): boolean => key.includes(`bucket=${hour}/`)

/** Has HuggingFace answer otherwise than it should. */
function answering(change: (answer: Answer) => readonly Answer[]): { restore: () => void } {
  const put = miner.hub.put.bind(miner.hub)
  miner.hub.put = async function* (...args) {
    for await (const answer of put(...args)) yield* change(answer)
  }
  return { restore: () => void (miner.hub.put = put) }
}

function refusing(code: BackendError['code'], retryable: boolean, which: (key: string) => boolean, cause?: Error) {
  return answering((answer) => {
    if (!which(answer.key)) return [answer]
    return [{ ok: false, key: answer.key, error: new BackendError(code, `${code} for a test`, { retryable, cause }) }]
  })
}

const sent = (): string[] => miner.hub.calls.filter((call) => call.startsWith('put source='))

describe('an answer that does not fit', () => {
  it.each<[string, (answer: Answer) => readonly Answer[]]>([
    ['a copy with another SHA-256', (answer) => [answer.ok ? { ...answer, sha256: '0'.repeat(64) } : answer]],
    ['a copy of another size', (answer) => [answer.ok ? { ...answer, bytes: answer.bytes + 1 } : answer]],
    ['a copy of a key that was not sent', (answer) => [{ ...answer, key: `${answer.key}x` }]],
    ['no answer', () => []],
  ])('%s proves nothing: the file is not verified, not listed, and sent again', async (_what, change) => {
    fiveHours()
    const { restore } = answering((answer) => (isHour(answer.key, 480_002) ? change(answer) : [answer]))
    const storage = await miner.open()
    const receipt = await storage.uploadData()
    expect(receipt).toMatchObject({ complete: false, failedAttempts: [{ code: 'PROTOCOL', retryable: true }] })
    expect(receipt.copies).toHaveLength(4)
    const listed = (await miner.manifest('huggingface'))?.files ?? []
    expect(listed.map(({ hour }) => hour)).toEqual([480_000, 480_001, 480_003, 480_004])
    expect(storage.status().backends).toMatchObject([{ verifiedFiles: 4, queuedFiles: 1 }])
    restore()
    expect(await storage.uploadData()).toMatchObject({ complete: true, failedAttempts: [] })
    expect(await miner.uris('huggingface')).toEqual(miner.sourceUris())
  })
})

describe('a file that is refused', () => {
  it('for good is a dead letter with its reason: never sent again, and in nobody’s way', async () => {
    fiveHours()
    refusing('BAD_KEY', false, (key) => isHour(key, 480_004)) // of the newest hour, which goes first
    const storage = await miner.open({ limits: { batchFiles: 1, recheckShare: 0 } })
    const receipt = await storage.uploadData()
    expect(receipt).toMatchObject({ complete: false, failedAttempts: [{ code: 'BAD_KEY', retryable: false }] })
    expect(receipt.copies).toHaveLength(4)
    expect((await miner.manifest('huggingface'))?.files).toHaveLength(4)
    const dead = [{ backend: 'huggingface', code: 'BAD_KEY', error: 'BAD_KEY for a test' }]
    expect(storage.status()).toMatchObject({ dead, backends: [{ queuedFiles: 0, deadFiles: 1 }] })
    const before = sent().length
    expect(await storage.uploadData()).toMatchObject({ complete: false, copies: [] })
    expect(sent()).toHaveLength(before)
  })

  it('for now does not keep the files behind it from being sent in the same cycle', async () => {
    fiveHours()
    refusing('UNAVAILABLE', true, (key) => isHour(key, 480_004))
    const storage = await miner.open({ limits: { batchFiles: 2, recheckShare: 0 } })
    const receipt = await storage.uploadData()
    expect(receipt.complete).toBe(false)
    expect(new Set(receipt.failedAttempts.map(({ code }) => code))).toEqual(new Set(['UNAVAILABLE']))
    expect(receipt.copies).toHaveLength(4)
  })

  it.each(['EMFILE', 'ENFILE', 'EIO'])(
    'by our own machine (%s) stays in the spool, which may hold its last copy',
    async (code) => {
      fiveHours()
      const cause = Object.assign(new Error(`${code}: too many open files`), { code })
      const { restore } = refusing('SOURCE_UNREADABLE', false, () => true, cause)
      const all = miner.sourceUris()
      const storage = await miner.open()
      expect(await storage.uploadData()).toMatchObject({ complete: false, copies: [] })
      expect(storage.status()).toMatchObject({ spooledFiles: 5, dead: [] })
      restore()
      miner.db.exec('DELETE FROM DataEntity WHERE timeBucketId < 480004') // pruned meanwhile
      expect((await storage.uploadData()).complete).toBe(true)
      expect(await miner.uris('huggingface')).toEqual(all)
    },
  )
})

it('a backend that takes nothing of a batch is asked for no more in this cycle', async () => {
  fiveHours()
  miner.hub.fault = (call) => {
    if (call === 'put') down()
  }
  const storage = await miner.open({ limits: { batchFiles: 1, recheckShare: 0 } })
  expect(await storage.uploadData()).toMatchObject({ complete: false, copies: [] })
  // Three tries with the first of five files.
  expect(sent()).toHaveLength(3)
  expect(new Set(sent()).size).toBe(1)
})

it('a partition of which one part is missing is not listed at all', async () => {
  addRows(
    miner.db,
    Array.from({ length: 400 }, (_none, at) => ({ uri: `u${at}`, content: 'x'.repeat(500) })),
  )
  const { restore } = refusing('UNAVAILABLE', true, (key) => key.includes('part-3of4'))
  const storage = await miner.open({ limits: { maxFileBytes: 200_000, recheckShare: 0 } })
  const receipt = await storage.uploadData()
  expect(receipt.complete).toBe(false)
  expect(receipt.copies).toHaveLength(3)
  expect((await miner.manifest('huggingface'))?.files ?? []).toEqual([])
  restore()
  expect((await storage.uploadData()).complete).toBe(true)
  expect((await miner.manifest('huggingface'))?.files).toHaveLength(4)
})

describe('an object of the same size and another SHA-256', () => {
  /** A backend that tells the SHA-256 of what it lists, as S3 and HuggingFace do; one of its objects gets other bytes. */
  async function spoil(backend: StorageBackend): Promise<void> {
    for await (const { key, bytes } of backend.list('source=')) {
      if (!isHour(key, 480_002)) continue
      const data = new Uint8Array(bytes)
      const sha256 = Buffer.from(await crypto.subtle.digest('SHA-256', data)).toString('hex')
      for await (const answer of backend.put([{ key, bytes, sha256, source: { data } }])) expect(answer.ok).toBe(true)
    }
    await backend.delete(['manifest.json'])
  }

  it.each(['kept', 'lost'])('is no copy when the backend is compared anew, with the state file %s', async (state) => {
    fiveHours()
    const backend = createMemoryBackend({ name: 'huggingface' })
    const own = { openTarget: async () => ({ name: 'huggingface', backend, identity: 'm', place: 'm' }) as const }
    const first = await miner.open(own)
    await first.uploadData()
    await first.close()
    const opened = await backend.open('manifest.json')
    const data = new Uint8Array(await new Response(opened?.body as never).arrayBuffer())
    await spoil(backend)
    if (state === 'lost') {
      const sha256 = Buffer.from(await crypto.subtle.digest('SHA-256', data)).toString('hex')
      for await (const answer of backend.put([
        { key: 'manifest.json', bytes: data.length, sha256, source: { data } },
      ])) {
        expect(answer.ok).toBe(true)
      }
      miner.stateFile += '-new'
    }
    const receipt = await (await miner.open(own)).uploadData()
    expect(receipt.complete).toBe(true)
    expect(receipt.copies.map((copy) => copy.key)).toEqual([expect.stringContaining('bucket=480002/')])
  })
})

it.each(['this process', 'the next one'])('a breaker that a wrong clock opened is closed in %s', async (where) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2036-01-01T00:00:00Z') })
  fiveHours()
  const calls = { sleep: async () => undefined, breakAfter: 2 }
  miner.hub.fault = down
  const storage = await miner.open({ calls })
  await storage.uploadData()
  miner.hub.fault = null
  expect(await storage.uploadData()).toMatchObject({ complete: false, failedAttempts: [{ code: 'NO_BACKEND' }] })
  vi.setSystemTime(Date.parse('2026-01-01T00:00:00Z')) // the clock is put right
  if (where === 'the next one') await storage.close()
  const after = where === 'the next one' ? await miner.open({ calls }) : storage
  expect(await after.uploadData()).toMatchObject({ complete: true })
})
