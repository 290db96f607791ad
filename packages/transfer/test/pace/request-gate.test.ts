import { getEventListeners, setMaxListeners } from 'node:events'
import { expect, test } from 'vitest'
import { createGate, type Pass } from '../../src/pace/request-gate.ts'
import { createPauseSwitch, type TransferEvent } from '../../src/index.ts'
import { createMeter } from '../../src/pace/progress.ts'
import { tellingPause } from '../../src/pace/pause.ts'

/** Enters as often as the gate lets in at once. */
async function fill(gate: ReturnType<typeof createGate>): Promise<Pass[]> {
  const passes: Pass[] = []
  const waiting = new AbortController()
  setMaxListeners(0, waiting.signal) // as the transfer of Node does, since so many may wait under one signal
  for (let n = 0; n < 50; n++)
    void gate.enter(waiting.signal).then(
      (pass) => passes.push(pass),
      () => undefined,
    )
  await new Promise((resolve) => setImmediate(resolve))
  waiting.abort()
  await new Promise((resolve) => setImmediate(resolve))
  return passes
}

test('lets in as many as allowed, and the next when one leaves', async () => {
  const gate = createGate({ most: 3, now: () => 0, longestWaitMs: 1000 })
  const passes = await fill(gate)
  expect(passes).toHaveLength(3)
  const next = gate.enter()
  passes[0]?.ok()
  expect(await next).toBeDefined()
})
test('who has got in leaves no listener on the signal', async () => {
  const gate = createGate({ most: 1, now: () => 0, longestWaitMs: 1000 })
  const { signal } = new AbortController()
  setMaxListeners(0, signal)
  const entries = Array.from({ length: 20 }, () => gate.enter(signal))
  for (const [at, entry] of entries.entries()) {
    const pass = await entry
    expect(getEventListeners(signal, 'abort')).toHaveLength(19 - at)
    pass.ok()
  }
})
test('overload halves the limit once per generation, success brings it back', async () => {
  let time = 0
  const gate = createGate({ most: 8, now: () => time, longestWaitMs: 1000 })
  const first = await fill(gate)
  expect(first).toHaveLength(8)
  for (const pass of first) pass.failed('THROTTLED')
  expect(gate.limit).toBe(4)
  time += 10_000
  const second = [await gate.enter()]
  second[0]?.failed('TOO_SLOW')
  expect(gate.limit).toBe(2)
  for (let n = 0; n < 60; n++) {
    time += 10_000
    const pass = await gate.enter()
    pass.ok()
  }
  expect(gate.limit).toBe(8)
})
test('other failures do not narrow it', async () => {
  const gate = createGate({ most: 4, now: () => 0, longestWaitMs: 1000 })
  for (const pass of await fill(gate)) pass.failed('UNAVAILABLE')
  expect(gate.limit).toBe(4)
})
test('who waits for the store’s pause enters before who comes after it', async () => {
  let time = 0
  const gate = createGate({ most: 1, now: () => time, longestWaitMs: 1000 })
  const first = await gate.enter()
  first.failed('THROTTLED', 1000)
  const order: string[] = []
  const enter = async (name: string): Promise<void> => {
    const pass = await gate.enter()
    order.push(name)
    time += 10_000
    pass.ok()
  }
  const early = enter('early')
  time = 10_000 // the timer has not noticed
  await Promise.all([early, enter('late')])
  expect(order).toEqual(['early', 'late'])
})
test('nobody enters before the time the store asked for', async () => {
  const gate = createGate({ most: 2, now: () => performance.now(), longestWaitMs: 1000 })
  const pass = await gate.enter()
  const before = performance.now()
  pass.failed('THROTTLED', 120)
  const next = await gate.enter()
  expect(performance.now() - before).toBeGreaterThanOrEqual(119)
  next.ok()
})
test('an endless wait is cut short, and nobody waits on when all have left', async () => {
  const gate = createGate({ most: 1, now: () => performance.now(), longestWaitMs: 50 })
  const pass = await gate.enter()
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const stop = new AbortController()
  const stopped = gate.enter(stop.signal)
  pass.failed('THROTTLED', 3_600_000)
  expect(timers()).toBe(before + 1)
  stop.abort()
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
  expect(timers()).toBe(before)
  const next = await gate.enter()
  next.ok()
})
test('a pause holds back who comes, and ends with the signal', async () => {
  const gate = createGate({ most: 2, now: () => 0, longestWaitMs: 1000 })
  const pause = createPauseSwitch()
  pause.pause()
  let entered = false
  const held = gate.enter(undefined, pause).then(() => (entered = true))
  const stop = new AbortController()
  const stopped = gate.enter(stop.signal, pause)
  stop.abort()
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
  expect(entered).toBe(false)
  pause.resume()
  await held
  expect(entered).toBe(true)
})
test('a transfer that waits out a pause is in the phase `paused`, and then in the one before', async () => {
  const gate = createGate({ most: 1, now: () => 0, longestWaitMs: 1000 })
  const pause = createPauseSwitch()
  const phases: string[] = []
  const onEvent = (event: TransferEvent): void => void (event.type === 'progress' && phases.push(event.phase))
  const meter = createMeter('k', onEvent, () => 0)
  meter.phase('completing')
  const told = tellingPause(pause, meter)
  const first = await gate.enter(undefined, told)
  const waiting = [1, 2].map(async () => (await gate.enter(undefined, told)).ok())
  pause.pause()
  expect(phases).toEqual(['completing'])
  first.ok()
  await expect.poll(() => phases).toEqual(['completing', 'paused'])
  pause.resume()
  await Promise.all(waiting)
  expect(phases).toEqual(['completing', 'paused', 'completing'])
})
test('a pause also holds back who was waiting for a place', async () => {
  const gate = createGate({ most: 1, now: () => 0, longestWaitMs: 1000 })
  const pause = createPauseSwitch()
  const first = await gate.enter()
  let entered = 0
  const waiting = [1, 2].map(async () => {
    const pass = await gate.enter(undefined, pause)
    entered++
    pass.ok()
  })
  pause.pause()
  first.ok()
  await new Promise((resolve) => setImmediate(resolve))
  expect(entered).toBe(0)
  // The place itself is free for others meanwhile.
  const other = await gate.enter()
  other.ok()
  pause.resume()
  await Promise.all(waiting)
  expect(entered).toBe(2)
})
