import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMemory, type Lease } from '../../src/pace/part-memory.ts'

const MIB = 1024 * 1024

test('waits until enough is given back, in order', async () => {
  const memory = createMemory(10 * MIB)
  const first = await memory.take(6 * MIB)
  const order: string[] = []
  const large = memory.take(6 * MIB).then((lease) => (order.push('large'), lease))
  const small = memory.take(MIB).then((lease) => (order.push('small'), lease))
  await new Promise((resolve) => setImmediate(resolve))
  expect(order).toEqual([])
  first.release()
  await Promise.all([large, small])
  expect(order).toEqual(['large', 'small'])
})
test('buffers are used again', async () => {
  const memory = createMemory(10 * MIB)
  const first = await memory.take(5 * MIB)
  first.release()
  expect((await memory.take(5 * MIB)).bytes).toBe(first.bytes)
})
test('more than the machine has is told, and takes nothing from the budget', async () => {
  const memory = createMemory(2 ** 53 - 1)
  await expect(memory.take(2 ** 52)).rejects.toMatchObject({ code: 'BAD_OPTION' })
  expect((await memory.take(10)).bytes).toHaveLength(16)
})
test('giving back twice gives back once', async () => {
  const memory = createMemory(10 * MIB)
  const first = await memory.take(6 * MIB)
  first.release()
  const second = await memory.take(6 * MIB)
  first.release()
  let taken = false
  const third = memory.take(6 * MIB).then(() => (taken = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect(taken).toBe(false)
  second.release()
  await third
})
test('who waits can be stopped; more than the budget is refused', async () => {
  const memory = createMemory(10 * MIB)
  await memory.take(10 * MIB)
  const stop = new AbortController()
  const waiting = memory.take(1, stop.signal)
  stop.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
  await expect(memory.take(11 * MIB)).rejects.toMatchObject({ code: 'BAD_OPTION' })
})
test('when the first who waits is stopped, those behind are served', async () => {
  const memory = createMemory(16 * MIB)
  await memory.take(12 * MIB)
  const stop = new AbortController()
  const large = memory.take(8 * MIB, stop.signal)
  const small = memory.take(2 * MIB)
  stop.abort()
  await expect(large).rejects.toMatchObject({ code: 'ABORTED' })
  expect((await small).bytes).toHaveLength(2 * MIB)
})
test('never more than the budget is out, whatever is asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 60 }), async (sizes) => {
      const memory = createMemory(100)
      let out = 0
      const use = async (size: number): Promise<void> => {
        const lease: Lease = await memory.take(size)
        out += lease.bytes.length
        expect(out).toBeLessThanOrEqual(100)
        expect(lease.bytes.length).toBeGreaterThanOrEqual(size)
        await new Promise((resolve) => setImmediate(resolve))
        out -= lease.bytes.length
        lease.release()
      }
      await Promise.all(sizes.map(use))
      expect(out).toBe(0)
    }),
    { numRuns: 30 },
  )
})
