import { expect, test } from 'vitest'
import { createAsk, withDeadline } from '../../src/pace/deadline.ts'
import { TransferError } from '../../src/index.ts'
import type { RetrySettings } from '../../src/pace/retry.ts'

const settings: RetrySettings = {
  attempts: 3,
  baseMs: 1,
  capMs: 1,
  maxWaitMs: 1,
  random: () => 0,
  sleep: async () => undefined,
}
const failure = (retryable: boolean): TransferError => new TransferError('UNAVAILABLE', 'no', { retryable })

/** Answers at once, or later. */
const ways: [string, <T>(work: () => T) => T | Promise<T>][] = [
  ['at once', (work) => work()],
  ['later', async (work) => await new Promise((resolve) => setImmediate(resolve)).then(work)],
]

test.each(ways)('an answer that comes %s', async (_, answer) => {
  const ask = createAsk(settings, 1000, undefined, () => undefined)
  expect(await ask('sign', () => answer(() => ({ url: 'u' })))).toEqual({ url: 'u' })
  expect(await ask('sign', () => answer(() => null))).toBeNull()
})
test.each(ways)('a failure that comes %s is retried', async (_, answer) => {
  const told: number[] = []
  const ask = createAsk(settings, 1000, undefined, () => (_error, attempt) => void told.push(attempt))
  let calls = 0
  const sign = (): string => {
    if (++calls < 3) throw failure(true)
    return 'signed'
  }
  expect(await ask('sign', () => answer(sign))).toBe('signed')
  expect(told).toEqual([1, 2])
})
test.each(ways)('a failure for good that comes %s is thrown', async (_, answer) => {
  const ask = createAsk(settings, 1000, undefined, () => undefined)
  let calls = 0
  const fail = (error: Error) => (): never => {
    calls++
    throw error
  }
  await expect(ask('sign', () => answer(fail(failure(false))))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(ask('sign', () => answer(fail(new RangeError('bug'))))).rejects.toThrow(RangeError)
  expect(calls).toBe(2)
})
test('a copy of the options has the signal too', async () => {
  let copied: object = {}
  const work = (options: { readonly signal: AbortSignal }): void => void (copied = { ...options })
  await withDeadline('sign', 1000, undefined, work)
  expect(copied).toMatchObject({ signal: expect.any(AbortSignal) })
})
test('what does not answer is given up, and told so', async () => {
  let given: AbortSignal | undefined
  const work = ({ signal }: { readonly signal: AbortSignal }): Promise<never> => {
    given = signal
    return new Promise(() => undefined)
  }
  await expect(withDeadline('sign', 10, undefined, work)).rejects.toMatchObject({ code: 'TOO_SLOW' })
  expect(given?.aborted).toBe(true)
})
test('the signal of the caller ends it: before, while it is asked, and afterwards', async () => {
  const never = (): Promise<never> => new Promise(() => undefined)
  await expect(withDeadline('sign', 10_000, AbortSignal.abort(), never)).rejects.toMatchObject({ code: 'ABORTED' })
  const during = new AbortController()
  const stopping = (): Promise<never> => {
    during.abort()
    return never()
  }
  await expect(withDeadline('sign', 10_000, during.signal, stopping)).rejects.toMatchObject({ code: 'ABORTED' })
  const after = new AbortController()
  const asked = withDeadline('sign', 10_000, after.signal, never)
  after.abort()
  await expect(asked).rejects.toMatchObject({ code: 'ABORTED' })
})
