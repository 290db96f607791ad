import { expect, test } from 'vitest'
import { type ProgressEvent, type TransferEvent, TransferError } from '../../src/index.ts'
import { createMeter } from '../../src/pace/progress.ts'

function watched() {
  let time = 1000
  const events: TransferEvent[] = []
  const meter = createMeter(
    'k',
    (event) => void events.push(event),
    () => time,
  )
  const last = (): ProgressEvent => {
    const found = events.findLast((event) => event.type === 'progress')
    if (found === undefined) throw new Error('no progress yet')
    return found
  }
  return { meter, events, last, pass: (ms: number) => void (time += ms) }
}

test('rate and time left follow the bytes over the wire', () => {
  const { meter, last, pass } = watched()
  meter.total(10_000, 10)
  meter.phase('sending')
  expect(last()).toMatchObject({ bytes: 0, bytesTotal: 10_000, bytesPerSecond: 0, etaSeconds: null })
  pass(1000)
  meter.moved(2000)
  expect(last()).toMatchObject({ bytes: 2000, bytesPerSecond: 2000, etaSeconds: 4 })
  pass(1000)
  meter.moved(8000)
  expect(last()).toMatchObject({ bytes: 10_000, bytesPerSecond: 5000, etaSeconds: 0 })
})
test('parts from an earlier run count as done, not as speed', () => {
  const { meter, last, pass } = watched()
  meter.total(10_000, 10)
  pass(1000)
  meter.kept(6000)
  meter.part(1, 6000, 'kept')
  meter.phase('sending')
  expect(last()).toMatchObject({ bytes: 6000, parts: 1, bytesPerSecond: 0, etaSeconds: null })
  expect(meter.finished).toBe(0)
})
test('bytes that have to go again are taken back', () => {
  const { meter, last, pass } = watched()
  meter.total(4000, 1)
  pass(1000)
  meter.moved(3000)
  meter.moved(-3000)
  meter.retried('send k', new TransferError('UNAVAILABLE', 'cut', { retryable: true }), 1, 5)
  meter.phase('sending')
  expect(last()).toMatchObject({ bytes: 0, retries: 1, etaSeconds: null })
})
test('what is long past does not count for the rate', () => {
  const { meter, pass } = watched()
  pass(100)
  meter.moved(1_000_000)
  for (let second = 0; second < 20; second++) {
    pass(1000)
    meter.moved(100)
  }
  expect(meter.bytesPerSecond()).toBeLessThan(200)
})
test('events come every 100 ms at most, and at each change of phase', () => {
  const { meter, events, pass } = watched()
  for (let n = 0; n < 100; n++) {
    pass(10)
    meter.moved(1)
  }
  expect(events.length).toBeLessThanOrEqual(11)
  const before = events.length
  meter.phase('completing')
  meter.phase('verifying')
  expect(events).toHaveLength(before + 2)
})
