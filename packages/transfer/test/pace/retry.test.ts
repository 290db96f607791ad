import { expect, test } from 'vitest'
import { withResumable } from '../../src/errors.ts'
import { TransferError } from '../../src/index.ts'
import { createBandwidth } from '../../src/pace/bandwidth.ts'
import { retry, type RetrySettings } from '../../src/pace/retry.ts'

function setup(random = 1): { readonly waits: number[]; readonly settings: RetrySettings } {
  const waits: number[] = []
  const sleep = async (ms: number): Promise<void> => void waits.push(ms)
  return { waits, settings: { attempts: 5, baseMs: 100, capMs: 500, maxWaitMs: 10_000, random: () => random, sleep } }
}
const failure = (code: TransferError['code'], retryAfterMs?: number): TransferError =>
  new TransferError(code, code, { retryable: code !== 'FORBIDDEN', retryAfterMs })

test('waits double up to the cap, drawn from zero', async () => {
  const { waits, settings } = setup(0.5)
  const work = async (): Promise<never> => await Promise.reject(failure('UNAVAILABLE'))
  await expect(retry(settings, work)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(waits).toEqual([50, 100, 200, 250])
})
test('what the store asks for is waited out, a longer wait is not', async () => {
  const { waits, settings } = setup()
  let calls = 0
  const work = async (): Promise<string> => {
    if (++calls > 1) return 'done'
    throw failure('THROTTLED', 3000)
  }
  expect(await retry(settings, work)).toBe('done')
  expect(waits).toEqual([3000])
  const tooLong = async (): Promise<never> => await Promise.reject(failure('THROTTLED', 10_001))
  await expect(retry(settings, tooLong)).rejects.toMatchObject({ retryAfterMs: 10_001 })
  expect(waits).toHaveLength(1)
})
test('retries within retries are not multiplied', async () => {
  const { settings } = setup()
  let calls = 0
  const inner = async (): Promise<never> =>
    await retry(settings, async () => {
      calls++
      throw failure('UNAVAILABLE')
    })
  await expect(retry(settings, inner)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true, exhausted: true })
  expect(calls).toBe(5)
  const told = async (): Promise<never> => await inner().catch((error) => Promise.reject(withResumable(error, true)))
  await expect(retry(settings, told)).rejects.toMatchObject({ resumable: true, exhausted: true })
  expect(calls).toBe(10)
})
test('what cannot succeed, and what is no TransferError, is thrown at once', async () => {
  const { waits, settings } = setup()
  await expect(retry(settings, () => Promise.reject(failure('FORBIDDEN')))).rejects.toThrow('FORBIDDEN')
  await expect(retry(settings, () => Promise.reject(new RangeError('bug')))).rejects.toThrow(RangeError)
  expect(waits).toEqual([])
})
test('an expired URL is replaced without a wait', async () => {
  const { waits, settings } = setup()
  let calls = 0
  await retry(settings, async () => {
    if (++calls === 1) throw failure('EXPIRED')
  })
  expect(waits).toEqual([0])
})
test('no attempt is counted while anything goes well', async () => {
  const { settings } = setup()
  let calls = 0
  let parts = 0
  const work = async (): Promise<void> => {
    if (++calls <= 20) parts++
    throw failure('UNAVAILABLE')
  }
  await expect(retry(settings, work, { progress: () => parts })).rejects.toThrow('UNAVAILABLE')
  expect(calls).toBe(24)
})
test('an aborted signal ends it, also during the wait', async () => {
  const stop = new AbortController()
  const { settings } = setup()
  const sleep = async (): Promise<void> => stop.abort()
  const work = async (): Promise<never> => await Promise.reject(failure('UNAVAILABLE'))
  const options = { signal: stop.signal }
  await expect(retry({ ...settings, sleep }, work, options)).rejects.toMatchObject({ code: 'ABORTED' })
})
test('the bandwidth limit is exact in the long run, and a second may be spent at once', async () => {
  let time = 0
  let slept = 0
  const sleep = async (ms: number): Promise<void> => {
    slept += ms
    time += ms
  }
  const allow = createBandwidth(1000, () => time, sleep)
  await allow(1000)
  expect(slept).toBe(0)
  for (let n = 0; n < 20; n++) await allow(300)
  expect(slept).toBeCloseTo(6000)
})
